/*
 * How long an engine needs from its start to its first answer, and what it costs when idle.
 *
 *   engine_start [-n ROUNDS] SOCKET COMMAND ARG...
 *
 * Starts COMMAND, connects to the unix socket SOCKET as soon as that is possible, asks GET /_ping, stops the clock at
 * the first byte of the answer; reads the proportional memory of the process; ends it with SIGTERM. Prints the medians.
 */
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

extern char **environ;

enum { ROUNDS_MAX = 1000, PATIENCE_NS = 2000000000 };

static bool ping(const struct sockaddr_un *address)
{
	static const char request[] = "GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
		return false;
	char byte;
	return fd_write_full(fd, request, sizeof request - 1) == 0 && recv(fd, &byte, 1, 0) == 1;
}

static int64_t pss_kb(pid_t pid)
{
	struct err err = {0};
	auto_buf text = BUF_INIT(64 << 10);
	auto_free char *path = x_printf("/proc/%d/smaps_rollup", pid);
	if (file_read(AT_FDCWD, path, &text, &err) < 0)
		return -1;
	const char *line = strstr(buf_str(&text), "\nPss:");
	int64_t kb = 0;
	for (line = line ? line + 5 : ""; *line == ' ' || (*line >= '0' && *line <= '9'); line++)
		if (*line != ' ')
			kb = kb * 10 + (*line - '0');
	return kb;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int64_t rounds = 15, times[ROUNDS_MAX], memory[ROUNDS_MAX];
	int at = 1;
	if (argc > 3 && text_equal(argv[1], "-n")) {
		if (number_parse(argv[2], 1, ROUNDS_MAX, "-n", &rounds, &err) < 0) {
			fprintf(stderr, "engine_start: %s\n", err.msg);
			return 2;
		}
		at = 3;
	}
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc - at < 2 || strlen(argv[at]) >= sizeof address.sun_path) {
		fprintf(stderr, "usage: engine_start [-n ROUNDS] SOCKET COMMAND ARG...\n");
		return 2;
	}
	strcpy(address.sun_path, argv[at]);
	const int fds[3] = {-1, -1, 2};
	struct process_spec spec = {
	    .path = argv[at + 1], .exe_fd = -1, .argv = argv + at + 1, .envp = environ, .fds = fds, .fd_count = 3};
	for (int64_t round = 0; round < rounds; round++) {
		pid_t pid;
		int status;
		int64_t start = time_monotonic_ns();
		if (process_spawn(&spec, &pid, &err) < 0) {
			fprintf(stderr, "engine_start: %s\n", err.msg);
			return 1;
		}
		while (!ping(&address)) {
			struct timespec nap = {0, 100000};
			nanosleep(&nap, NULL);
			if (time_monotonic_ns() - start > PATIENCE_NS) {
				fprintf(stderr, "engine_start: no answer on %s\n", address.sun_path);
				kill(pid, SIGKILL);
				return 1;
			}
		}
		times[round] = time_monotonic_ns() - start;
		struct timespec settle = {0, 500000000};
		nanosleep(&settle, NULL);
		memory[round] = pss_kb(pid);
		kill(pid, SIGTERM);
		if (process_wait(pid, &status, &err) < 0) {
			fprintf(stderr, "engine_start: %s\n", err.msg);
			return 1;
		}
	}
	qsort(times, rounds, sizeof *times, compare);
	qsort(memory, rounds, sizeof *memory, compare);
	printf("  engine start to first answer: min %.1f ms, median %.1f ms, max %.1f ms\n", times[0] / 1e6,
	       times[rounds / 2] / 1e6, times[rounds - 1] / 1e6);
	printf("  engine idle, proportional memory: median %.1f MiB\n", memory[rounds / 2] / 1024.0);
	return 0;
}
