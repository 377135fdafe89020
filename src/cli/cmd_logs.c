/* logs and top */
#include "cli/commands.h"

#include "base/fd.h"
#include "base/text.h"
#include "cli/listing.h"
#include "cli/stdcopy.h"
#include "cli/time_query.h"
#include "docker/container.h"

#include <string.h>

struct logs_options {
	bool follow, timestamps, details;
	const char *since, *until, *tail;
};

static const struct logs_options logs_defaults = {.tail = "all"};

static const struct option_row logs_rows[] = {
    O_BOOL(struct logs_options, follow, "follow", 'f', "Follow log output"),
    O_STRING(struct logs_options, since, "since", 0, "string",
	     "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
    O_STRING(struct logs_options, tail, "tail", 'n', "string", "Number of lines to show from the end of the logs"),
    O_BOOL(struct logs_options, timestamps, "timestamps", 't', "Show timestamps"),
    O_STRING(struct logs_options, until, "until", 0, "string",
	     "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
    O_BOOL(struct logs_options, details, "details", 0, "Show extra details provided to logs"),
    O_END,
};

static int logs_copy(struct client_stream *stream, bool tty, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	struct stdcopy copy = {0};
	ssize_t size;
	while ((size = client_stream_read(stream, data, CLIENT_READ, err)) > 0) {
		const char *at = data;
		while (size > 0) {
			enum stdcopy_stream kind = STDCOPY_OUT;
			const char *piece = at;
			size_t used = (size_t)size, count = (size_t)size;
			int rc = tty ? 0 : stdcopy_read(&copy, at, (size_t)size, &used, &kind, &piece, &count, err);
			if (rc < 0)
				return rc;
			rc = fd_write_full(kind == STDCOPY_ERR ? STDERR_FILENO : STDOUT_FILENO, piece, count);
			if (rc < 0)
				return err_set(err, -rc, "write: %s", strerror(-rc));
			at += used;
			size -= (ssize_t)used;
		}
	}
	return (int)size;
}

static int logs_show(struct cli *cli, struct err *err)
{
	const struct logs_options *options = cli->options;
	struct container_inspect inspect = {0};
	struct client_stream stream;
	auto_buf path = BUF_INIT(256 << 10);
	const struct client_request look = {.method = "GET",
					    .path = cli_path(cli, "/containers/%s/json", cli->args[0])};
	int rc = client_struct(&cli->client, &look, &table_container_inspect, &inspect, err);
	if (rc < 0)
		return rc;
	buf_text(&path, cli_path(cli, "/containers/%s/logs?stdout=1&stderr=1", inspect.id));
	buf_printf(&path, "&follow=%d&timestamps=%d&details=%d&tail=", options->follow, options->timestamps,
		   options->details);
	path_escape(&path, options->tail);
	rc = time_query(&path, "since", options->since, err);
	if (rc == 0)
		rc = time_query(&path, "until", options->until, err);
	if (rc < 0)
		return rc;
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	rc = logs_copy(&stream, inspect.config && inspect.config->tty, err);
	client_stream_done(&stream);
	return rc;
}

static int logs_run(struct cli *cli)
{
	struct err err;
	return logs_show(cli, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_logs = {
    .path = "container logs",
    .shortcut = "logs",
    .usage = "CONTAINER",
    .summary = "Fetch the logs of a container",
    .args_min = 1,
    .args_max = 1,
    .options = logs_rows,
    .options_size = sizeof(struct logs_options),
    .defaults = &logs_defaults,
    .run = logs_run,
};

/* --- top --- */

static int top_run(struct cli *cli)
{
	struct err err;
	struct container_top top = {0};
	auto_buf path = BUF_INIT(256 << 10);
	buf_text(&path, cli_path(cli, "/containers/%s/top", cli->args[0]));
	for (size_t i = 1; i < cli->arg_count; i++) {
		buf_text(&path, i == 1 ? "?ps_args=" : "%20");
		path_escape(&path, cli->args[i]);
	}
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	if (client_struct(&cli->client, &request, &table_container_top, &top, &err) < 0)
		return cli_failed(&err);
	char **lines = arena_array(&cli->arena, char *, top.processes.count + 2);
	for (size_t i = 0; i <= top.processes.count; i++) {
		auto_buf line = BUF_INIT(4 << 20);
		char **cells = i == 0 ? top.titles : top.processes.items[i - 1].values;
		for (size_t k = 0; cells && cells[k]; k++)
			buf_printf(&line, "%s%s", k > 0 ? "\t" : "", cells[k]);
		lines[i] = arena_strdup(&cli->arena, buf_str(&line));
	}
	table_print(lines, 20);
	return 0;
}

const struct command command_top = {
    .path = "container top",
    .shortcut = "top",
    .usage = "CONTAINER [ps OPTIONS]",
    .summary = "Display the running processes of a container",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options_first = true,
    .run = top_run,
};
