/*
 * Control groups of a container on hosts with v1, with both (hybrid), and with v2 alone.
 *
 * On v1 a directory of the same name below every hierarchy that is mounted where hosts have them (/sys/fs/cgroup/NAME);
 * on v2 one below /sys/fs/cgroup. Settings are in v1's terms and translated for v2. base only.
 */
#pragma once

#include "runtime/plan.h"

#include <sys/types.h>

int cgroup_create(const struct plan *plan, struct err *err) must_check;	     /* makes it and sets the limits */
int cgroup_enter(const char *cgroup, pid_t pid, struct err *err) must_check; /* 0: ourselves */
void cgroup_remove(const char *cgroup);					     /* ends what is left in it first */
bool cgroup_oom_killed(const char *cgroup);
