#include "runtime/hook.h"

#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 512, EXIT_NOT_FOUND = 127 };

static _Noreturn void hook_child(const struct plan_hook *hook, int state, int words)
{
	static char *const none[] = {NULL};
	struct err err;
	sigset_t signals;
	sigemptyset(&signals);
	for (int number = 1; number < _NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &signals, NULL);
	if (chdir("/") < 0 || dup2(state, 0) < 0 || dup2(words, 1) < 0 || dup2(words, 2) < 0 || fd_sweep(3, &err) < 0)
		_exit(EXIT_NOT_FOUND);
	execve(hook->path, hook->argv, hook->env ? hook->env : none);
	dprintf(2, "%s", strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* True when it has ended in time. kernel 5.3: pidfd_open; before, looked at every 5 ms. */
static bool hook_wait(pid_t pid, int64_t timeout_s, int *out_status)
{
	enum { LOOK_MS = 5 };
	int64_t end = time_monotonic_ns() + timeout_s * 1000000000;
	struct err err;
	auto_fd int pidfd = -1;
	if (timeout_s > 0)
		(void)!fd_pidfd(pid, &pidfd, &err);
	for (;;) {
		pid_t got = waitpid(pid, out_status, timeout_s > 0 ? WNOHANG : 0);
		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return true;
		int64_t left = timeout_s > 0 ? (end - time_monotonic_ns()) / 1000000 : LOOK_MS;
		if (timeout_s > 0 && left < 0)
			return false;
		struct pollfd wait = {.fd = pidfd, .events = POLLIN};
		if (timeout_s > 0)
			(void)poll(&wait, 1, pidfd >= 0 ? (int)left + 1 : LOOK_MS);
	}
}

static void words_read(int fd, char out_words[WORDS_MAX])
{
	ssize_t size = pread(fd, out_words, WORDS_MAX - 1, 0);
	out_words[size > 0 ? size : 0] = 0;
	while (size > 0 && (out_words[size - 1] == '\n' || out_words[size - 1] == ' '))
		out_words[--size] = 0;
	for (char *c = out_words; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
}

int hook_run(const struct plan_hook *hook, const char *what, const char *state, struct err *err)
{
	auto_fd int input = -1;
	auto_fd int words = memfd_create("hook", MFD_CLOEXEC);
	char text[WORDS_MAX];
	int status = 0;
	if (words < 0)
		return err_sys(err, "memfd_create");
	int rc = fd_sealed("state", state, strlen(state), &input, err);
	if (rc < 0)
		return rc;
	pid_t pid = fork();
	if (pid == 0)
		hook_child(hook, input, words);
	if (pid < 0)
		return err_sys(err, "fork");
	if (!hook_wait(pid, hook->timeout_s, &status)) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		return err_set(err, ETIMEDOUT, "error running %s: hook ran past specified timeout of %lld.0s", what,
			       (long long)hook->timeout_s);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	words_read(words, text);
	if (WIFSIGNALED(status))
		return err_set(err, EIO, "error running %s: %s: signal: %d, stderr: %s", what, hook->path,
			       WTERMSIG(status), text);
	return err_set(err, EIO, "error running %s: %s: exit status %d, stderr: %s", what, hook->path,
		       WEXITSTATUS(status), text);
}
