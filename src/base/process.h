/*
 * Starting other programs: by vfork semantics (the cost does not grow with our memory), with exactly the descriptors,
 * environment and directory that are named here and nothing inherited by accident.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

struct process_spec {
	const char *path; /* absolute, or NULL with exe_fd */
	int exe_fd;	  /* >= 0: execveat on this descriptor instead of path (0 means "use path" when path is set) */
	char *const *argv;
	char *const *envp; /* NULL: an empty environment */
	const int *fds;	   /* fds[i] becomes descriptor i of the child; -1: /dev/null. Count 3 or more. */
	size_t fd_count;
	bool new_session;     /* setsid */
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
};

/* Signals are unblocked and reset to default in the child. A failed exec is reported here, not by an exit status. */
int process_spawn(const struct process_spec *spec, pid_t *out_pid, struct err *err) must_check;

/* Blocks until pid ends; status as from waitpid. */
int process_wait(pid_t pid, int *out_status, struct err *err) must_check;

/* The absolute path of a program beside our own executable, e.g. "tug-monitor"; the caller frees it. */
int process_sibling(const char *name, char **out_path, struct err *err) must_check;
