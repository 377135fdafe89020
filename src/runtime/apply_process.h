/*
 * The last steps of a process before its program, for the container's first one and for exec. For apply.c and exec.c.
 */
#pragma once

#include "runtime/plan.h"
#include "security/user.h"

enum { APPLY_FAILED = 1, APPLY_READY = 2 };

/* What the process reports over its socket before the program runs. */
struct apply_report {
	uint32_t kind;
	int32_t exit_code;
	struct err err;
};

struct process_ready {
	struct user_identity user;
	char *program; /* found in PATH */
	char **env;    /* with HOME */
};

/* The terminal of the container behind /dev/pts; master and slave. */
int console_open(const struct plan_process *process, int root, int *out_master, int *out_slave,
		 struct err *err) must_check;

/* Standard streams, session, limits, directory, user and program: what can fail with words for people. root is the
 * container's, already ours. */
int process_prepare(struct arena *arena, const struct plan_process *process, const int stdio[3], int console,
		    struct process_ready *out_ready, int *out_exit_code, struct err *err) must_check;

/* Privileges, the filter, the program. Returns only when it failed. */
int process_run(const struct plan_process *process, const struct process_ready *ready, int *out_exit_code,
		struct err *err) must_check;
