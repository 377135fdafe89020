/*
 * The processes of a control group, and of the groups below it.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Returns when all of it stands still (runs again). -EBUSY when it would not within a few seconds: it runs again then.
 */
int cgroup_freeze(const char *cgroup, struct err *err) must_check;
int cgroup_thaw(const char *cgroup, struct err *err) must_check;
int cgroup_frozen(const char *cgroup, bool *out_frozen, struct err *err) must_check;

/*
 * SIGKILL for everything in it, also what is being forked. kernel 5.14: cgroup.kill; before, and on v1, the group is
 * frozen, killed one by one, and let go. Frozen ones end too. Does not wait for their end.
 */
int cgroup_kill(const char *cgroup, struct err *err) must_check;
int cgroup_signal(const char *cgroup, int number, struct err *err) must_check; /* any other signal, one by one */

/* In the order of their numbers; the caller frees *out_pids. */
int cgroup_pids(const char *cgroup, pid_t **out_pids, size_t *out_count, struct err *err) must_check;
