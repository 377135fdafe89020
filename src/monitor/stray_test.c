#include "monitor/stray.h"

#include "unit/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t known;

static bool is_known(pid_t pid)
{
	return pid == known;
}

static pid_t child(void)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

TEST(only_strangers_are_reaped)
{
	int status;
	known = child();
	pid_t living = child(), dead = child();
	CHECK(kill(dead, SIGKILL) == 0);
	stray_reap(is_known);
	CHECK(waitpid(living, &status, WNOHANG) < 0 && errno == ECHILD);
	CHECK(waitpid(dead, &status, WNOHANG) < 0 && errno == ECHILD);
	CHECK_INT(waitpid(known, &status, WNOHANG), 0);
	CHECK(kill(known, SIGKILL) == 0);
	CHECK_INT(waitpid(known, &status, 0), known);
}
