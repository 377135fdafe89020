#include "base/buffer.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/cgroup_process.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/members.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct ps_options {
	const char *format;
};
static const struct option_row rows[] = {
    O_STRING(struct ps_options, format, "format", 'f', "table|json", "How to print"),
    O_END,
};

static void pids_print(const pid_t *pids, size_t count)
{
	printf("[");
	for (size_t i = 0; i < count; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	printf("]\n");
}

static bool is_ours(int64_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

/* The n-th word of a line (from 0), as a number; -1. */
static int64_t word_number(const char *line, int n)
{
	int64_t value = -1;
	struct err ignored;
	line += strspn(line, " ");
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	auto_free char *word = x_strndup(line, strcspn(line, " \n"));
	return number_parse(word, 0, INT32_MAX, "pid", &value, &ignored) == 0 ? value : -1;
}

static int column_of(const char *header, const char *name)
{
	int column = 0;
	for (const char *at = header + strspn(header, " "); *at; column++) {
		size_t size = strcspn(at, " \n");
		if (size == strlen(name) && strncmp(at, name, size) == 0)
			return column;
		at += size;
		at += strspn(at, " \n");
	}
	return -1;
}

static int ps_read(char *const *args, struct buf *out, struct err *err)
{
	auto_strv char **argv = NULL;
	static char *const plain[] = {(char *)"-ef", NULL};
	int pipe[2], status;
	pid_t pid;
	strv_push(&argv, x_strdup("ps"));
	for (char *const *arg = args[0] ? args : plain; *arg; arg++)
		strv_push(&argv, x_strdup(*arg));
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	auto_fd int in = pipe[0], to = pipe[1];
	const int fds[3] = {-1, to, 2};
	const char *path = access("/usr/bin/ps", X_OK) == 0 ? "/usr/bin/ps" : "/bin/ps";
	const struct process_spec spec = {.path = path, .exe_fd = -1, .argv = argv, .fds = fds, .fd_count = 3};
	int rc = process_spawn(&spec, &pid, err);
	cleanup_fd(&to);
	to = -1;
	if (rc < 0)
		return rc;
	for (;;) {
		char *room = buf_room(out, 4096);
		ssize_t size = room ? read(in, room, 4096) : 0;
		if (size <= 0)
			break;
		buf_grown(out, (size_t)size);
	}
	rc = process_wait(pid, &status, err);
	return rc < 0 ? rc : buf_check(out, "the output of ps", err);
}

/* The lines of ps about the container's processes. */
static int table_print(const pid_t *pids, size_t count, char *const *args, struct err *err)
{
	auto_buf text = BUF_INIT(16 << 20);
	int rc = ps_read(args, &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	int column = lines[0] ? column_of(lines[0], "PID") : -1;
	if (column < 0)
		return err_set(err, EINVAL, "couldn't find PID field in ps output");
	printf("%s\n", lines[0]);
	for (char **line = lines + 1; *line; line++) {
		if (**line && is_ours(word_number(*line, column), pids, count))
			printf("%s\n", *line);
	}
	return 0;
}

static int run(struct context *context, void *given, char **args)
{
	const struct ps_options *options = given;
	struct container container;
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	struct err err;
	const char *format = options->format ? options->format : "table";
	int rc = text_equal(format, "table") || text_equal(format, "json")
		     ? container_open(context, args[0], false, &container, &err)
		     : err_set(&err, EINVAL, "invalid format option");
	if (rc < 0)
		return context_failed(context, &err);
	if (container.state.cgroup)
		rc = cgroup_pids(container.state.cgroup, &pids, &count, &err);
	else if (container.status != STATUS_STOPPED && container.state.pid > 0)
		rc = members_find((pid_t)container.state.pid, &pids, &count, &err);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && text_equal(format, "json"))
		pids_print(pids, count);
	else if (rc == 0)
		rc = table_print(pids, count, args + 1, &err);
	container_done(&container);
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_ps = {
    .name = "ps",
    .usage = "[OPTIONS] ID [PS OPTIONS]",
    .summary = "Show the processes of a container",
    .rows = rows,
    .size = sizeof(struct ps_options),
    .args_min = 1,
    .args_max = -1,
    .run = run,
};
