#include "unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_MAX = 60, EXIT_FAILED = 1, EXIT_SKIPPED = 77 };

static struct test *first, **last = &first;

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("# %s:%d: ", file, line);
	char text[4096];
	vsnprintf(text, sizeof text, format, args);
	for (char *at = text; *at; at++) {
		putchar(*at);
		if (*at == '\n')
			fputs("#   ", stdout);
	}
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_exit(EXIT_FAILED);
}

_Noreturn void test_skip(const char *reason)
{
	printf("# skipped: %s\n", reason);
	fflush(stdout);
	_exit(EXIT_SKIPPED);
}

static int open_descriptors(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void)info, (void)type, (void)at;
	return remove(path);
}

static int run_one(struct test *test)
{
	char dir[] = "/tmp/tug-test-XXXXXX";
	if (!mkdtemp(dir)) {
		perror(dir);
		return EXIT_FAILED << 8;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(SECONDS_MAX);
		if (chdir(dir) < 0)
			_exit(EXIT_FAILED);
		int before = open_descriptors();
		test->run();
		int after = open_descriptors();
		if (after != before)
			test_fail(test->name, 0, "%d descriptors before the test, %d after it", before, after);
		fflush(stdout);
		exit(0);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		;
	kill(-pid, SIGKILL);
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return status;
}

int main(int argc, char **argv)
{
	int number = 0, failed = 0;
	for (struct test *test = first; test; test = test->next) {
		if (argc > 1 && !strstr(test->name, argv[1]))
			continue;
		number++;
		int status = run_one(test);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			printf("ok %d %s\n", number, test->name);
		} else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
			printf("ok %d %s # SKIP\n", number, test->name);
		} else {
			failed++;
			if (WIFSIGNALED(status))
				printf("# ended by signal %d\n", WTERMSIG(status));
			printf("not ok %d %s\n", number, test->name);
		}
	}
	printf("1..%d\n", number);
	return failed ? EXIT_FAILED : 0;
}
