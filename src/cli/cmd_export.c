/* export and diff */
#include "cli/commands.h"

#include "cli/download.h"
#include "docker/archive.h"

struct export_options {
	const char *output;
};

static const struct option_row export_rows[] = {
    O_STRING(struct export_options, output, "output", 'o', "string", "Write to a file, instead of STDOUT"),
    O_END,
};

static int export_run(struct cli *cli)
{
	const struct export_options *options = cli->options;
	struct err err;
	const char *path = cli_path(cli, "/containers/%s/export", cli->args[0]);
	return download(cli, path, options->output, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_export = {
    .path = "container export",
    .shortcut = "export",
    .usage = "CONTAINER",
    .summary = "Export a container's filesystem as a tar archive",
    .args_min = 1,
    .args_max = 1,
    .options = export_rows,
    .options_size = sizeof(struct export_options),
    .run = export_run,
};

/* --- diff --- */

static int diff_run(struct cli *cli)
{
	static const char letters[] = {[CHANGE_MODIFIED] = 'C', [CHANGE_ADDED] = 'A', [CHANGE_DELETED] = 'D'};
	const struct json *list;
	struct err err;
	const struct client_request request = {.method = "GET",
					       .path = cli_path(cli, "/containers/%s/changes", cli->args[0])};
	int rc = client_json(&cli->client, &request, &list, &err);
	for (size_t i = 0; rc == 0 && list->kind == JSON_ARRAY && i < list->count; i++) {
		struct filesystem_change change = {0};
		rc = json_decode(&cli->arena, &table_filesystem_change, list->items[i], JSON_FOLD_CASE, &change, &err);
		if (rc == 0 && change.path)
			print("%c %s\n", change.kind >= 0 && change.kind <= CHANGE_DELETED ? letters[change.kind] : '?',
			      change.path);
	}
	return rc < 0 ? cli_failed(&err) : 0;
}

const struct command command_diff = {
    .path = "container diff",
    .shortcut = "diff",
    .usage = "CONTAINER",
    .summary = "Inspect changes to files or directories on a container's filesystem",
    .args_min = 1,
    .args_max = 1,
    .run = diff_run,
};
