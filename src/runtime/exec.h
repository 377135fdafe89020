/*
 * Another process in a container that runs: joins its namespaces and groups, then goes the last steps of apply.
 */
#pragma once

#include "runtime/apply.h"

struct exec_input {
	pid_t target;	    /* the container's first process */
	const char *cgroup; /* NULL: where we are */
	int stdio[3];
	int program;	       /* as in struct apply_input */
	uint32_t preserve_fds; /* as there */
	bool survives;
	bool chrooted; /* the container was made without pivot_root: its root is its first process's */
};

/* As apply_create; the process is our child. apply_start lets it go. */
int exec_create(const struct plan_process *process, const struct exec_input *input, struct apply_process *out_process,
		int *out_exit_code, struct err *err) must_check;
