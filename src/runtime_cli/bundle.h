/*
 * A bundle: a directory with config.json and a root file system. Read once, judged, and made into a plan; what happens
 * to the bundle afterwards does not matter.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime/apply.h"
#include "runtime_cli/context.h"
#include "security/seccomp.h"

struct bundle {
	struct arena arena;
	char *path; /* absolute */
	char *rootfs;
	struct oci_spec spec;
	struct plan *plan;
	int slots[APPLY_SLOTS_MAX]; /* namespaces with a path */
	size_t slot_count;
};

struct bundle_options {
	const char *id;
	bool no_pivot, no_new_keyring;
};

/* Everything that can be wrong with it is named: "process: args: ...". */
int bundle_load(struct bundle *bundle, const char *path, struct err *err) must_check;
int bundle_compile(struct context *context, struct bundle *bundle, const struct bundle_options *options,
		   struct err *err) must_check;
void bundle_done(struct bundle *bundle);

/* A process document, for exec: its plan, with what the container has where the document says nothing. */
int bundle_filter(struct context *context, struct arena *arena, const struct oci_seccomp *seccomp,
		  struct seccomp_filter *out_filter, bool *out_used, struct err *err) must_check;
