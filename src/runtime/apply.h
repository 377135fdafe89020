/*
 * Does what a plan says: control groups, a process in new namespaces, its root file system, its limits and privileges,
 * and at last the program. Runs in tug-monitor and tug-runtime; links libc and base only.
 *
 * apply_create returns when the process stands right before its program, with everything set up; apply_start lets it
 * go, or, where a listener was given, whoever connects to that. What goes wrong comes back with the exit code that
 * Docker has for it.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/plan.h"

#include <sys/types.h>

/* What has to be done outside, by whoever applies, while the process waits. */
struct apply_host {
	/* The namespaces and mounts are there, the old root too. out_state: the state document for hooks inside. */
	int (*prepared)(void *context, pid_t pid, struct buf *out_state, struct err *err);
	/* A seccomp listener, to be passed on; the descriptor is closed afterwards. NULL: an error. */
	int (*listener)(void *context, int fd, struct err *err);
	void *context;
};

struct apply_input {
	int stdio[3];	  /* of the process; -1: /dev/null; unused with a terminal */
	const int *slots; /* descriptors that the plan's slots name; at most APPLY_SLOTS_MAX */
	size_t slot_count;
	int program;	       /* a sealed tug-init that does the process's part; -1: a copy of the caller does */
	int listener;	       /* where the process waits to be let go: a listening socket; -1: for apply_start */
	bool listening;	       /* listener counts; for callers that zero the struct */
	uint32_t preserve_fds; /* descriptors from 3 on that the program gets; with `program` only */
	bool survives;	       /* the process goes on when its maker ends */
	const struct apply_host *host;
};
enum { APPLY_SLOTS_MAX = 12 };

struct apply_process {
	pid_t pid;
	int console; /* the terminal's master, or -1 */
	int socket;  /* to let it go, and for its report; closed by apply_start */
};

/* On failure nothing is left. err->code and text; *out_exit_code is 125, 126 or 127. */
int apply_create(const struct plan *plan, const struct apply_input *input, struct apply_process *out_process,
		 int *out_exit_code, struct err *err) must_check;

/* Returns when the program runs, or did not: then the process is gone and, where it is our child, reaped. */
int apply_start(struct apply_process *process, const struct apply_host *host, int *out_exit_code,
		struct err *err) must_check;

/* The same for a process of another maker, over a connection to its listener, which is closed. */
int apply_let_go(int socket, const struct apply_host *host, int *out_exit_code, struct err *err) must_check;

/* After the process has ended: takes its control groups away. */
void apply_release(const struct plan *plan);
