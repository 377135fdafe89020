/*
 * Times whole commands against each other, interleaved: A B C, A B C, ... so that a drift of the machine hits all.
 *
 *   measure [-n ROUNDS] [-w WARM-UPS] [-p PAUSE-MS] +++ LABEL COMMAND ARG... +++ LABEL COMMAND ARG...
 *
 * Standard output of the commands is discarded. Prints per label min, median, p90 and max in milliseconds, and the
 * ratio of its median to the first one's. A command that fails ends the program with its status: a wrong answer has no
 * speed.
 */
#include "base/process.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 10000 };

struct command {
	const char *label;
	char **argv;
	char *path;
	int64_t *times_ns;
};

static char *find_program(const char *name)
{
	if (strchr(name, '/'))
		return x_strdup(name);
	const char *path = getenv("PATH");
	auto_strv char **folders = strv_split(path ? path : "/usr/bin:/bin", ':');
	for (char **folder = folders; *folder; folder++) {
		char *candidate = x_printf("%s/%s", *folder, name);
		if (access(candidate, X_OK) == 0)
			return candidate;
		free(candidate);
	}
	fprintf(stderr, "measure: %s: not found\n", name);
	exit(127);
}

static int64_t run_once(const struct command *command, int null)
{
	struct err err = {0};
	const int fds[3] = {-1, null, 2};
	struct process_spec spec = {
	    .path = command->path, .exe_fd = -1, .argv = command->argv, .envp = environ, .fds = fds, .fd_count = 3};
	pid_t pid;
	int status;
	int64_t start = time_monotonic_ns();
	if (process_spawn(&spec, &pid, &err) < 0 || process_wait(pid, &status, &err) < 0) {
		fprintf(stderr, "measure: %s: %s\n", command->label, err.msg);
		exit(1);
	}
	int64_t end = time_monotonic_ns();
	if (status != 0) {
		fprintf(stderr, "measure: %s: %s failed (%s %d)\n", command->label, command->argv[0],
			WIFEXITED(status) ? "exit status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		exit(1);
	}
	return end - start;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t option_number(const char *name, const char *text, int64_t max)
{
	struct err err = {0};
	int64_t value;
	if (number_parse(text ? text : "", 0, max, name, &value, &err) < 0) {
		fprintf(stderr, "measure: %s\n", err.msg);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	int64_t rounds = 20, warm = 2, pause_ms = 0;
	struct command commands[COMMANDS_MAX] = {0};
	size_t count = 0;
	int at = 1;
	for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
		switch (argv[at][1]) {
		case 'n':
			rounds = option_number("-n", argv[at + 1], ROUNDS_MAX);
			break;
		case 'w':
			warm = option_number("-w", argv[at + 1], ROUNDS_MAX);
			break;
		case 'p':
			pause_ms = option_number("-p", argv[at + 1], 10000);
			break;
		default:
			fprintf(stderr, "measure: unknown option %s\n", argv[at]);
			return 2;
		}
	}
	while (at + 2 < argc && text_equal(argv[at], "+++") && count < COMMANDS_MAX) {
		argv[at] = NULL; /* ends the list before */
		struct command *command = &commands[count++];
		command->label = argv[at + 1];
		command->argv = &argv[at + 2];
		command->path = find_program(argv[at + 2]);
		command->times_ns = x_alloc(sizeof(int64_t) * ROUNDS_MAX);
		for (at += 2; at < argc && !text_equal(argv[at], "+++");)
			at++;
	}
	if (count == 0 || at < argc || rounds == 0) {
		fprintf(stderr,
			"usage: measure [-n ROUNDS] [-w WARM-UPS] [-p PAUSE-MS] +++ LABEL COMMAND ARG... ...\n");
		return 2;
	}
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	for (int64_t round = -warm; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			struct timespec nap = {pause_ms / 1000, pause_ms % 1000 * 1000000};
			nanosleep(&nap, NULL);
			int64_t took = run_once(&commands[i], null);
			if (round >= 0)
				commands[i].times_ns[round] = took;
		}
	}
	double first = 0;
	printf("  %-34s %9s %9s %9s %9s %7s\n", "milliseconds", "min", "median", "p90", "max", "ratio");
	for (size_t i = 0; i < count; i++) {
		int64_t *times = commands[i].times_ns;
		qsort(times, rounds, sizeof *times, compare);
		double median = times[rounds / 2] / 1e6;
		if (i == 0)
			first = median;
		printf("  %-34s %9.2f %9.2f %9.2f %9.2f %7.2f\n", commands[i].label, times[0] / 1e6, median,
		       times[rounds * 9 / 10] / 1e6, times[rounds - 1] / 1e6, median / first);
		free(times);
		free(commands[i].path);
	}
	close(null);
	return 0;
}
