/*
 * linux.intelRdt: classes of service and monitoring groups of the kernel's resctrl file system, which the user has
 * mounted. On the host, while the container's process waits. Every function takes the file system's root, so that a
 * test can name any folder; where it really is says resctrl_root alone.
 */
#pragma once

#include "base/arena.h"
#include "oci/runtime_spec.h"

#include <sys/types.h>

/* *out_root is the caller's. -ENOENT: none is mounted. */
int resctrl_root(char **out_root, struct err *err) must_check;

/* Whether this host can what is asked for; messages begin behind "linux: intelRdt: ". */
int resctrl_check(const char *root, const struct oci_intel_rdt *rdt, struct err *err) must_check;

/*
 * The process in its group, with the schemata; a group with a closID that is there has to have them already, and
 * without schemata it has to be there. out_group: the group's directory; out_mine: what is to be removed at the end, or
 * NULL. On failure nothing that was made is left.
 */
int resctrl_apply(const char *root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct arena *arena,
		  char **out_group, char **out_mine, struct err *err) must_check;

/* Other schemata for a group that is there. */
int resctrl_update(const char *root, const char *group, const struct oci_intel_rdt *rdt, struct err *err) must_check;

void resctrl_remove(const char *mine); /* NULL: nothing */
