/*
 * The last steps of a process before its program, for the container's first one and for exec. For apply.c and exec.c.
 */
#pragma once

#include "runtime/plan.h"
#include "security/user.h"

struct process_ready {
	struct user_identity user;
	char *program; /* found in PATH */
	char **env;    /* with HOME */
	bool survives; /* the rest is the caller's: as in struct apply_input */
	bool make_cwd; /* a working directory that is missing is made */
	uint32_t preserve_fds;
	int socket;
};

/* The terminal of the container behind /dev/pts; master and slave. */
int console_open(const struct plan_process *process, int root, int *out_master, int *out_slave,
		 struct err *err) must_check;

/* Standard streams, session, directory, user and program: what can fail with words for people. The container's root is
 * already ours. */
int process_prepare(struct arena *arena, const struct plan_process *process, const int stdio[3], int console,
		    struct process_ready *ready, int *out_exit_code, struct err *err) must_check;

/* Privileges, the filter, the program. Returns only when it failed. */
int process_run(const struct plan_process *process, const struct process_ready *ready, int *out_exit_code,
		struct err *err) must_check;

/* By the maker, who may raise what a user namespace's root may not. */
int process_limits(const struct plan_process *process, pid_t pid, struct err *err) must_check;

/* --- apply_attributes.c: what the kernel keeps per process besides identity --- */

int oom_score_write(const struct plan_process *process, struct err *err) must_check;
int attributes_set(const struct plan_process *process, struct err *err) must_check;
int cpus_initial_set(const struct plan_process *process, struct err *err) must_check;
int cpus_final_set(const struct plan_process *process, struct err *err) must_check;
int labels_set(const struct plan_process *process, struct err *err) must_check;

/* --- apply_privileges.c --- */

int privileges_set(const struct plan_process *process, const struct process_ready *ready, struct err *err) must_check;
