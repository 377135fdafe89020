/* Needs root. What is tried stands in a child: a confined process does not come back. */
#include "security/confine.h"

#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INSIDE = 40, READ_ONLY = 41 }; /* descriptors of the directories */

/* Runs `act` confined to ./inside (writable) and ./shelf; the wait status. */
static int confined(int (*act)(void), uint64_t file_max)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct confine_spec spec = {
		    .dirs = {{INSIDE, true}, {READ_ONLY, false}}, .dir_count = 2, .file_max = file_max};
		struct err err;
		if (dup2(open("inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC), INSIDE) < 0 ||
		    dup2(open("shelf", O_RDONLY | O_DIRECTORY | O_CLOEXEC), READ_ONLY) < 0)
			_exit(100);
		if (confine_enter(&spec, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			_exit(101);
		}
		_exit(act());
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void folders(void)
{
	if (geteuid() != 0)
		test_skip("needs root");
	CHECK(mkdir("inside", 0755) == 0 && mkdir("shelf", 0755) == 0);
	int fd = open("outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, "host", 4) == 4);
	close(fd);
	CHECK(symlink("/etc/passwd", "inside/link") == 0);
}

/* Descriptors are not closed: the process ends. */
static bool opens(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags, 0600);
	return fd >= 0;
}

/* Each returns 0 when everything was as it should be, otherwise the number of what was not. */
static int sees_its_directories_only(void)
{
	int fd = openat(INSIDE, "made", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	close(fd);
	if (opens(READ_ONLY, "made", O_WRONLY | O_CREAT) || errno != EROFS)
		return 2;
	if (opens(INSIDE, "../outside", O_RDONLY))
		return 3;
	if (opens(INSIDE, "..", O_RDONLY | O_DIRECTORY) && opens(INSIDE, "../outside", O_RDONLY))
		return 4;
	/* C-02: no library, no name service, no shell can be found: there is no other tree. */
	static const char *const names[] = {"/etc/passwd", "/etc/nsswitch.conf", "/lib", "/usr",
					    "/bin/sh",	   "/proc/self",	 "/sys", "/dev/null"};
	for (size_t i = 0; i < array_size(names); i++) {
		if (opens(AT_FDCWD, names[i], O_RDONLY) || errno != ENOENT)
			return 10 + (int)i;
	}
	if (opens(INSIDE, "link", O_RDONLY))
		return 5;
	return 0;
}

TEST(a_confined_process_sees_its_directories_only)
{
	folders();
	CHECK_INT(confined(sees_its_directories_only, 0), 0);
	CHECK(access("inside/made", F_OK) == 0);
}

static int is_small(void)
{
	char block[4096] = {0};
	int fd = openat(INSIDE, "large", O_WRONLY | O_CREAT, 0600);
	signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || write(fd, block, sizeof block) != sizeof block || write(fd, block, 1) >= 0 || errno != EFBIG)
		return 1;
	int last = fd;
	while ((fd = dup(last)) >= 0)
		last = fd;
	return errno == EMFILE && last < 1024 ? 0 : 2;
}

TEST(files_and_descriptors_have_limits)
{
	folders();
	CHECK_INT(confined(is_small, 4096), 0);
}

static int devices_are_dead(void)
{
	/* nodev: a device out of an archive is made, and opens nothing. */
	if (mknodat(INSIDE, "null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		return 1;
	return !opens(INSIDE, "null", O_RDONLY) && errno == EACCES ? 0 : 2;
}

TEST(devices_can_be_made_and_not_opened)
{
	folders();
	CHECK_INT(confined(devices_are_dead, 0), 0);
}

#if !defined(__SANITIZE_ADDRESS__)
/* C-03: nothing can be started, whatever its name and wherever it lies; and nobody can be spoken to. */
static int starts_a_program(void)
{
	char *argv[] = {(char *)"sh", NULL};
	execve("/bin/sh", argv, argv + 1);
	return 1;
}
static int starts_a_process(void)
{
	return fork() >= 0 ? 1 : 2;
}
static int opens_a_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd >= 0 ? 1 : 2;
}
static int mounts(void)
{
	return mount("tmpfs", "/", "tmpfs", 0, NULL) == 0 ? 1 : 2;
}
static int traces(void)
{
	return kill(getppid(), 0) == 0 ? 1 : 2;
}

TEST(other_system_calls_end_the_process)
{
	int (*const acts[])(void) = {starts_a_program, starts_a_process, opens_a_socket, mounts, traces};
	folders();
	for (size_t i = 0; i < array_size(acts); i++) {
		int status = confined(acts[i], 0);
		CHECK(WIFSIGNALED(status));
		CHECK_INT(WTERMSIG(status), SIGSYS);
	}
}
#endif
