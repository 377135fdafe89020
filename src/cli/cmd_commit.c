#include "cli/commands.h"

#include "base/text.h"
#include "cli/image_query.h"
#include "docker/container.h"

#include <string.h>

struct commit_options {
	const char *author, *message;
	char **change;
	bool pause, no_pause;
};

static const struct commit_options commit_defaults = {.pause = true};

static const struct option_row commit_rows[] = {
    O_STRING(struct commit_options, author, "author", 'a', "string",
	     "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
    O_LIST(struct commit_options, change, "change", 'c', "list", "Apply Dockerfile instruction to the created image"),
    O_STRING(struct commit_options, message, "message", 'm', "string", "Commit message"),
    O_BOOL(struct commit_options, no_pause, "no-pause", 0, "Disable pausing container during commit"),
    O_BOOL(struct commit_options, pause, "pause", 'p', "Pause container during commit"),
    O_END,
};

static int commit_run(struct cli *cli)
{
	const struct commit_options *options = cli->options;
	auto_buf path = BUF_INIT(4 << 20);
	struct id_response made = {0};
	struct err err;
	buf_text(&path, cli_path(cli, "/commit?container=%s", cli->args[0]));
	if (cli->arg_count > 1)
		query_target(&path, cli->args[1]);
	query_parameter(&path, "comment", options->message);
	query_parameter(&path, "author", options->author);
	for (char **change = options->change; change && *change; change++)
		query_parameter(&path, "changes", *change);
	buf_printf(&path, "&pause=%d", options->pause && !options->no_pause);
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	if (client_struct(&cli->client, &request, &table_id_response, &made, &err) < 0)
		return cli_failed(&err);
	print("%s\n", made.id);
	return 0;
}

const struct command command_commit = {
    .path = "container commit",
    .shortcut = "commit",
    .usage = "CONTAINER [REPOSITORY[:TAG]]",
    .summary = "Create a new image from a container's changes",
    .args_min = 1,
    .args_max = 2,
    .options = commit_rows,
    .options_size = sizeof(struct commit_options),
    .defaults = &commit_defaults,
    .run = commit_run,
};
