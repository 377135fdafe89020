/*
 * From the runtime-spec to a plan. Pure: looks at nothing but its arguments.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime/plan.h"
#include "security/seccomp.h"

struct plan_options {
	char *const *lower; /* absolute */
	const char *upper, *work;
	bool overlay_volatile;
	int network_slot;		     /* PLAN_SLOT_NONE: a new namespace, or the host's when the spec has none */
	const struct seccomp_filter *filter; /* NULL: none */
	const char *user;		     /* as the user wrote it */
	char *const *groups;
	const struct oci_mount *volumes; /* to be mounted on the host, destination a path there */
	size_t volume_count;
};

/* Strings are shared with the spec and the options. -EINVAL names the member. */
int plan_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
		 struct plan **out_plan, struct err *err) must_check;

/* The process part alone: for exec. */
int plan_process_compile(struct arena *arena, const struct oci_process *process, const struct plan_options *options,
			 struct plan_process *out_process, struct err *err) must_check;
