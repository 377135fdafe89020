/*
 * The new process's side of exec.h. For exec.c and tug-init; base only.
 */
#pragma once

#include "runtime/exec.h"

struct exec_child {
	const struct plan_process *process;
	const char *cgroup; /* NULL: none */
	const int *stdio;
	pid_t target;
	int socket;
	uint32_t preserve_fds;
	bool survives, chrooted;
	struct arena arena;
};

_Noreturn void exec_child_main(struct exec_child *child);
