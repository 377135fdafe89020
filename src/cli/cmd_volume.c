/* volume create, ls, rm */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/filter_query.h"
#include "cli/listing.h"
#include "cli/pairs.h"
#include "docker/volume.h"

#include <stdlib.h>
#include <string.h>

/* --- create --- */

struct create_volume_options {
	const char *driver, *name;
	char **label, **opt;
};
static const struct create_volume_options create_volume_defaults = {.driver = "local"};

static const struct option_row create_volume_rows[] = {
    O_STRING(struct create_volume_options, driver, "driver", 'd', "string",
	     "Specify volume driver name (default \"local\")"),
    O_LIST(struct create_volume_options, label, "label", 0, "list", "Set metadata for a volume"),
    O_LIST(struct create_volume_options, opt, "opt", 'o', "map", "Set driver specific options"),
    O_STRING_HIDDEN(struct create_volume_options, name, "name"),
    O_ABSENT("availability", "string", ""),
    O_ABSENT("group", "string", ""),
    O_ABSENT("limit-bytes", "bytes", ""),
    O_ABSENT("required-bytes", "bytes", ""),
    O_ABSENT("scope", "string", ""),
    O_ABSENT("secret", "map", ""),
    O_ABSENT("sharing", "string", ""),
    O_ABSENT("topology-preferred", "list", ""),
    O_ABSENT("topology-required", "list", ""),
    O_ABSENT("type", "string", ""),
    O_END,
};

static int create_run(struct cli *cli)
{
	const struct create_volume_options *options = cli->options;
	struct volume_create request = {.driver = (char *)options->driver};
	struct volume_info volume = {0};
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	struct err err;
	if (cli->arg_count > 0 && !text_empty(options->name)) {
		fputs("conflicting options: cannot specify a volume name through both --name and as a positional arg\n",
		      stderr);
		return EXIT_FAILED;
	}
	request.name = cli->arg_count > 0 ? cli->args[0] : (char *)(options->name ? options->name : "");
	int rc = pairs_add(&cli->arena, options->opt, "driver option", true, &request.options, &err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->label, "label", false, &request.labels, &err);
	if (rc < 0)
		return cli_failed(&err);
	json_encode(&body, &table_volume_create, &request);
	const struct client_request call = {.method = "POST", .path = "/volumes/create", .json = buf_str(&body)};
	if (client_struct(&cli->client, &call, &table_volume_info, &volume, &err) < 0)
		return cli_failed(&err);
	print("%s\n", volume.name);
	return 0;
}

const struct command command_volume_create = {
    .path = "volume create",
    .usage = "[VOLUME]",
    .summary = "Create a volume",
    .args_min = 0,
    .args_max = 1,
    .options = create_volume_rows,
    .options_size = sizeof(struct create_volume_options),
    .defaults = &create_volume_defaults,
    .run = create_run,
};

/* --- ls --- */

struct ls_options {
	char **filter;
	const char *format;
	bool quiet;
};

static const struct option_row ls_rows[] = {
    O_LIST(struct ls_options, filter, "filter", 'f', "filter", "Provide filter values (e.g. \"dangling=true\")"),
    O_STRING(struct ls_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct ls_options, quiet, "quiet", 'q', "Only display volume names"),
    O_ABSENT_BOOL("cluster", ""),
    O_END,
};

static const struct column columns[] = {
    {"Driver", "DRIVER"},
    {"Name", "VOLUME NAME"},
    {"Scope", "SCOPE"},
    {"Mountpoint", "MOUNTPOINT"},
    {"Labels", "LABELS"},
    {"Links", "LINKS"},
    {"Size", "SIZE"},
    {"Group", "GROUP"},
    {"Availability", "AVAILABILITY"},
    {"Status", "STATUS"},
    {NULL, NULL},
};

/* Numbers in names by their value: data2 before data10. */
static int name_compare(const void *a, const void *b)
{
	return strverscmp(((const struct volume_info *)a)->name, ((const struct volume_info *)b)->name);
}

static void row_fill(struct listing *listing, const struct volume_info *volume)
{
	static const char *const unknown[] = {"Links", "Size", "Group", "Availability", "Status"};
	struct json *row = listing_row(listing);
	listing_set(listing, row, "Driver", volume->driver);
	listing_set(listing, row, "Name", volume->name);
	listing_set(listing, row, "Scope", volume->scope);
	listing_set(listing, row, "Mountpoint", volume->mountpoint);
	listing_labels(listing, row, &volume->labels);
	for (size_t i = 0; i < array_size(unknown); i++)
		listing_set(listing, row, unknown[i], "N/A");
}

static int ls_run(struct cli *cli)
{
	static const char *const shown[] = {"Driver", "Name", NULL};
	const struct ls_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = columns, .shown = shown};
	struct volume_list_answer answer = {0};
	auto_buf path = BUF_INIT(1 << 20);
	struct err err;
	buf_text(&path, "/volumes?");
	if (filter_query(options->filter, &path, &err) < 0)
		return cli_failed(&err);
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	if (client_struct(&cli->client, &request, &table_volume_list_answer, &answer, &err) < 0)
		return cli_failed(&err);
	if (answer.volumes.count > 0)
		qsort(answer.volumes.items, answer.volumes.count, sizeof *answer.volumes.items, name_compare);
	for (size_t i = 0; i < answer.volumes.count; i++)
		row_fill(&listing, &answer.volumes.items[i]);
	return listing_print(&listing, options->format, options->quiet ? "Name" : NULL, &err) < 0 ? cli_failed(&err)
												  : 0;
}

const struct command command_volume_ls = {
    .path = "volume ls",
    .alias = "list",
    .usage = "",
    .summary = "List volumes",
    .args_min = 0,
    .args_max = 0,
    .options = ls_rows,
    .options_size = sizeof(struct ls_options),
    .run = ls_run,
};

/* --- rm --- */

struct rm_options {
	bool force;
};

static const struct option_row rm_rows[] = {
    O_BOOL(struct rm_options, force, "force", 'f', "Force the removal of one or more volumes"),
    O_END,
};

static int volume_remove(struct cli *cli, const char *name, struct err *err)
{
	const struct rm_options *options = cli->options;
	const char *path = cli_path(cli, options->force ? "/volumes/%s?force=1" : "/volumes/%s", name);
	const struct client_request request = {.method = "DELETE", .path = path};
	return client_call(&cli->client, &request, NULL, NULL, err);
}

static int rm_run(struct cli *cli)
{
	return cli_each(cli, volume_remove);
}

const struct command command_volume_rm = {
    .path = "volume rm",
    .alias = "remove",
    .usage = "VOLUME [VOLUME...]",
    .summary = "Remove one or more volumes",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = rm_rows,
    .options_size = sizeof(struct rm_options),
    .run = rm_run,
};
