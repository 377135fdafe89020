/*
 * tug-reaper: the first process of a container with --init. Starts the program behind "--", hands on the signals that
 * it gets, takes away every process that has lost its parent, and ends as the program ends. libc only; it is executed
 * in the container's root file system, where nothing else is certain to be there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SETUP = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* A process group of its own, in front of the terminal where there is one, with the signals as they were. */
static _Noreturn void program_run(char **argv, const sigset_t *mask)
{
	signal(SIGTTOU, SIG_IGN); /* or taking the terminal stops us */
	if (setpgid(0, 0) == 0 && isatty(STDIN_FILENO))
		(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	int cause = errno;
	fprintf(stderr, "exec: \"%s\": %s\n", argv[0],
		cause == ENOENT ? "executable file not found in $PATH" : strerror(cause));
	_exit(cause == ENOENT || cause == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

/* Everything that has ended; the program's status, or -1 while it runs. */
static int reap(pid_t program)
{
	int status, result = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == program)
			result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return result;
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	char **program = argv + 1;
	if (argc > 1 && strcmp(argv[1], "--") == 0)
		program++;
	if (!*program) {
		fprintf(stderr, "usage: tug-reaper -- PROGRAM [ARGUMENT...]\n");
		return EXIT_SETUP;
	}
	/* Beside others in somebody's PID namespace, too, what is orphaned comes to us. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return EXIT_SETUP;
	pid_t pid = fork();
	if (pid < 0) {
		fprintf(stderr, "fork: %s\n", strerror(errno));
		return EXIT_SETUP;
	}
	if (pid == 0)
		program_run(program, &before);
	for (;;) {
		siginfo_t info;
		int number = sigwaitinfo(&all, &info);
		if (number == SIGCHLD) {
			int status = reap(pid);
			if (status >= 0)
				return status;
		} else if (number > 0 && number != SIGTTIN && number != SIGTTOU) {
			(void)kill(pid, number);
		}
	}
}
