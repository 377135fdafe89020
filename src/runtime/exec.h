/*
 * Another process in a container that runs: joins its namespaces and groups, then goes the last steps of apply.
 */
#pragma once

#include "runtime/apply.h"

/* target: the container's first process. As apply_create; the process is our child. apply_start lets it go. */
int exec_create(const struct plan_process *process, pid_t target, const char *cgroup, const int stdio[3],
		struct apply_process *out_process, int *out_exit_code, struct err *err) must_check;
