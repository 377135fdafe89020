/*
 * Peak resident memory of a command and of what it starts and waits for. Small itself: a child counts what its parent
 * had when it was made.
 *
 *   bench_peak LABEL COMMAND ARG...
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	if (argc < 3) {
		fprintf(stderr, "usage: bench_peak LABEL COMMAND [ARG...]\n");
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
			_exit(127);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "bench_peak: %s failed\n", argv[1]);
		return 1;
	}
	printf("  %-34s %6ld KiB\n", argv[1], usage.ru_maxrss);
	return 0;
}
