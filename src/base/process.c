#include "base/process.h"
#include "base/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

enum { STACK_SIZE = 64 << 10, FDS_MAX = 64 };

/*
 * Shared with the child, which runs in our memory (CLONE_VM | CLONE_VFORK) while we are stopped: it allocates nothing
 * and only writes here and on its own stack.
 */
struct child {
	const struct process_spec *spec;
	pid_t parent;
	int failed; /* errno of what failed in the child, 0: it runs */
	const char *step;
};

static int fail(struct child *child, const char *step)
{
	child->failed = errno ? errno : EINVAL;
	child->step = step;
	return 127;
}

static void reset_signals(void)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = SIG_DFL;
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &action, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First everything out of the way of the targets, then each to its place. */
static int place_fds(const struct process_spec *spec, int *exe_fd)
{
	int moved[FDS_MAX], count = (int)spec->fd_count;
	if (*exe_fd >= 0 && *exe_fd < count) {
		*exe_fd = fcntl(*exe_fd, F_DUPFD_CLOEXEC, count);
		if (*exe_fd < 0)
			return -1;
	}
	for (int i = 0; i < count; i++) {
		int fd = spec->fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : spec->fds[i];
		if (fd < 0)
			return -1;
		moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, count);
		if (moved[i] < 0)
			return -1;
	}
	for (int i = 0; i < count; i++)
		if (dup2(moved[i], i) < 0)
			return -1;
	return 0;
}

static int run_child(void *cookie)
{
	struct child *child = cookie;
	const struct process_spec *spec = child->spec;
	static char *const empty[] = {NULL};
	char *const *envp = spec->envp ? spec->envp : empty;
	int exe_fd = spec->path ? -1 : spec->exe_fd;
	struct err err;
	reset_signals();
	if (spec->new_session && setsid() < 0)
		return fail(child, "setsid");
	if (spec->die_with_parent) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			return fail(child, "prctl");
		if (getppid() != child->parent)
			return fail(child, "the parent is gone");
	}
	if (place_fds(spec, &exe_fd) < 0)
		return fail(child, "descriptors");
	if (fd_sweep((int)spec->fd_count, &err) < 0)
		return fail(child, "close the other descriptors");
	if (exe_fd >= 0)
		syscall(SYS_execveat, exe_fd, "", spec->argv, envp, AT_EMPTY_PATH);
	else
		execve(spec->path, spec->argv, envp);
	return fail(child, "exec");
}

/*
 * The child leaves its frames by exec: AddressSanitizer would go on taking their remains for variables that are out of
 * scope, and the next stack lies at the same place.
 */
static void forget_stack(char *stack)
{
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(stack, STACK_SIZE);
#else
	(void)stack;
#endif
}

int process_spawn(const struct process_spec *spec, pid_t *out_pid, struct err *err)
{
	if (spec->fd_count < 3 || spec->fd_count > FDS_MAX)
		BUG("process_spawn with %zu descriptors", spec->fd_count);
	struct child child = {.spec = spec, .parent = getpid()};
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return err_sys(err, "stack of a new process");
	/* The child must not run our handlers in our memory: everything is blocked until it has reset them. */
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = clone(run_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
	int clone_error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	forget_stack(stack);
	munmap(stack, STACK_SIZE);
	const char *name = spec->path ? spec->path : spec->argv[0];
	if (pid < 0)
		return err_set(err, clone_error, "start %s: %s", name, strerror(clone_error));
	if (child.failed) {
		waitpid(pid, NULL, 0);
		return err_set(err, child.failed, "start %s: %s: %s", name, child.step, strerror(child.failed));
	}
	*out_pid = pid;
	return 0;
}

int process_wait(pid_t pid, int *out_status, struct err *err)
{
	int status;
	pid_t r;
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, "wait for process %d", pid);
	*out_status = status;
	return 0;
}

int process_sibling(const char *name, char **out_path, struct err *err)
{
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
	if (length < 0)
		return err_sys(err, "/proc/self/exe");
	own[length] = 0;
	char *slash = strrchr(own, '/');
	if (!slash)
		return err_set(err, ENOENT, "%s: not an absolute path", own);
	*slash = 0;
	*out_path = x_printf("%s/%s", own, name);
	return 0;
}
