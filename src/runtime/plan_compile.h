/*
 * From the runtime-spec to a plan. Pure: looks at nothing but its arguments.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime/cgroup.h"
#include "runtime/plan.h"
#include "security/seccomp.h"

struct plan_options {
	const char *rootfs; /* absolute; NULL: the overlay */
	char *const *lower; /* absolute */
	const char *upper, *work;
	bool overlay_volatile, no_pivot;
	int network_slot;   /* PLAN_SLOT_NONE: a new namespace, or the host's when the spec has none */
	int namespace_slot; /* of the first namespace with a path; the others follow, in the order of the spec */
	enum cgroup_mode cgroup_mode;	     /* of the host that applies it: cgroup_mode() */
	const struct seccomp_filter *filter; /* NULL: none */
	const char *user;		     /* as the user wrote it; NULL: the numbers of the spec */
	char *const *groups;
	const char *keyring;		 /* the name of a session keyring; NULL: none */
	const struct oci_mount *volumes; /* to be mounted on the host, destination a path there */
	size_t volume_count;
	/* Told of what is no error and not done: names that nobody knows. NULL: nobody is told. */
	void (*warn)(void *context, const char *sentence);
	void *warn_context;
};

/* Strings are shared with the spec and the options. -EINVAL names the member. */
int plan_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
		 struct plan **out_plan, struct err *err) must_check;

/* The process part alone: for exec. */
int plan_process_compile(struct arena *arena, const struct oci_process *process, const struct plan_options *options,
			 struct plan_process *out_process, struct err *err) must_check;

/* A list of "NAME=VALUE": of two of one name the last counts. -EINVAL begins with the place: "[2]: ...". */
int plan_environment_compile(struct arena *arena, char *const *list, char ***out_list, struct err *err) must_check;

/* One hook; the message begins behind its name. */
int plan_hook_compile(struct arena *arena, const struct oci_hook *hook, struct plan_hook *out_hook,
		      struct err *err) must_check;

/* CLONE_NEW* of a type's name, 0 for an unknown one. */
uint64_t plan_namespace_flag(const char *type);

/* What `features` lists; NULL-terminated, in the arena. */
char **plan_mount_options(struct arena *arena);
