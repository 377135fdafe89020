#include "base/process.h"
#include "base/fd.h"
#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int run(struct process_spec *spec, struct err *err)
{
	pid_t pid;
	int status = -1;
	if (process_spawn(spec, &pid, err) < 0)
		return -err->code;
	CHECK_INT(process_wait(pid, &status, err), 0);
	return status;
}

TEST(exit_status_and_descriptors)
{
	struct err err;
	int pipe_fds[2];
	CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
	int leak = open("/dev/null", O_RDONLY); /* not close-on-exec: must not arrive all the same */
	const int fds[] = {-1, pipe_fds[1], 2, pipe_fds[0]};
	char *argv[] = {"sh", "-c", "echo $A; ls /proc/self/fd | tr '\\n' ' '; read x && exit 1; exit 7", NULL};
	char *envp[] = {"A=b", "PATH=/usr/bin:/bin", NULL};
	struct process_spec spec = {.path = "/bin/sh", .argv = argv, .envp = envp, .fds = fds, .fd_count = 4};
	int status = run(&spec, &err);
	CHECK_INT(WEXITSTATUS(status), 7);
	char text[64] = "";
	CHECK(read(pipe_fds[0], text, sizeof text - 1) > 0);
	CHECK_STR(text, "b\n0 1 2 3 4 "); /* 4 is ls's own */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(leak);
}

TEST(exec_failure_is_reported_by_the_call)
{
	struct err err;
	const int fds[] = {-1, -1, 2};
	char *argv[] = {"nothing", NULL};
	struct process_spec spec = {.path = "/nothing/here", .argv = argv, .fds = fds, .fd_count = 3};
	CHECK_ERR(run(&spec, &err), ENOENT);
	CHECK_STR(err.msg, "start /nothing/here: exec: No such file or directory");
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

TEST(signals_start_anew)
{
	struct err err;
	const int fds[] = {-1, -1, 2};
	signal(SIGTERM, SIG_IGN);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	char *argv[] = {"sh", "-c", "kill -TERM $$; exit 3", NULL};
	struct process_spec spec = {.path = "/bin/sh", .argv = argv, .fds = fds, .fd_count = 3};
	int status = run(&spec, &err);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(by_descriptor)
{
	struct err err;
	auto_fd int exe = open("/bin/sh", O_PATH | O_CLOEXEC);
	const int fds[] = {-1, -1, 2};
	char *argv[] = {"sh", "-c", "exit 5", NULL};
	struct process_spec spec = {.exe_fd = exe, .argv = argv, .fds = fds, .fd_count = 3, .new_session = true};
	CHECK_INT(WEXITSTATUS(run(&spec, &err)), 5);
}

TEST(sibling)
{
	struct err err;
	auto_free char *path = NULL;
	CHECK_OK(process_sibling("tug-monitor", &path, &err));
	CHECK_CONTAINS(path, "/tests/tug-monitor");
}

/* The stack of a child that left by exec lies where the next one's will. */
TEST(many_in_a_row)
{
	struct err err;
	const int fds[] = {-1, -1, 2};
	char *argv[] = {"true", NULL};
	struct process_spec sessions[] = {
	    {.path = "/bin/true", .argv = argv, .fds = fds, .fd_count = 3},
	    {.path = "/bin/true", .argv = argv, .fds = fds, .fd_count = 3, .new_session = true}};
	for (size_t i = 0; i < 8; i++)
		CHECK_INT(run(&sessions[i % 2], &err), 0);
}
