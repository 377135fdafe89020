/*
 * Does what a plan says: control groups, a process in new namespaces, its root file system, its limits and privileges,
 * and at last the program. Runs in tug-monitor and tug-runtime as root; links libc and base only.
 *
 * apply_create returns when the process stands right before its program, with everything set up; apply_start lets it
 * go. Until then apply_failure says what went wrong, with the exit code that Docker has for it.
 */
#pragma once

#include "runtime/plan.h"

#include <sys/types.h>

struct apply_input {
	int stdio[3];	  /* of the process; -1: /dev/null; unused with a terminal */
	const int *slots; /* descriptors that the plan's slots name */
	size_t slot_count;
};

struct apply_process {
	pid_t pid;
	int console; /* the terminal's master, or -1 */
	int socket;  /* to let it go, and for its report; closed by apply_start */
};

/* On failure nothing is left. err->code and text; *out_exit_code is 125, 126 or 127. */
int apply_create(const struct plan *plan, const struct apply_input *input, struct apply_process *out_process,
		 int *out_exit_code, struct err *err) must_check;

/* Returns when the program runs, or did not: then the process is gone and reaped. */
int apply_start(struct apply_process *process, int *out_exit_code, struct err *err) must_check;

/* After the process has ended: takes its control groups away. */
void apply_release(const struct plan *plan);
