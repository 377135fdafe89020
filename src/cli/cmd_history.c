#include "cli/commands.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/listing.h"
#include "cli/show.h"
#include "docker/image.h"
#include "docker/size.h"

#include <string.h>

enum { BY_WIDTH = 45 };

/* Builders that want their images the same again write a date of long ago. */
#define NO_DATE 946684800 /* 2000-01-01 */

struct history_options {
	const char *format, *platform;
	bool human, no_trunc, quiet;
};

static const struct history_options history_defaults = {.human = true};

static const struct option_row history_rows[] = {
    O_STRING(struct history_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct history_options, human, "human", 'H', "Print sizes and dates in human readable format"),
    O_BOOL(struct history_options, no_trunc, "no-trunc", 0, "Don't truncate output"),
    O_STRING(struct history_options, platform, "platform", 0, "string",
	     "Show history for the given platform. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
    O_BOOL(struct history_options, quiet, "quiet", 'q', "Only show image IDs"),
    O_END,
};

static const struct column columns[] = {
    {"ID", "IMAGE"},
    {"CreatedSince", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"CreatedBy", "CREATED BY"},
    {"Size", "SIZE"},
    {"Comment", "COMMENT"},
    {NULL, NULL},
};

/* Tabs would be columns of their own. */
static const char *one_line(struct cli *cli, const char *text)
{
	char *copy = arena_strdup(&cli->arena, text ? text : "");
	for (char *c = copy; *c; c++)
		*c = *c == '\t' || *c == '\n' ? ' ' : *c;
	return copy;
}

static void row_fill(struct cli *cli, struct listing *listing, const struct image_history_item *item)
{
	const struct history_options *options = cli->options;
	struct json *row = listing_row(listing);
	char size[SIZE_TEXT], time[TIME_TEXT];
	const char *by = one_line(cli, item->created_by), *id = item->id ? item->id : "<missing>";
	bool known = item->created > NO_DATE;
	size_decimal(item->size, 3, size);
	time_rfc3339_short(item->created * 1000000000, time);
	listing_set(listing, row, "ID",
		    text_after(id, "sha256:") ? show_id(&cli->arena, id, options->no_trunc) : "<missing>");
	listing_set(listing, row, "CreatedSince", known ? show_ago(&cli->arena, item->created) : "N/A");
	listing_set(listing, row, "CreatedAt", known ? time : "N/A");
	listing_set(listing, row, "CreatedBy", options->no_trunc ? by : text_ellipsis(&cli->arena, by, BY_WIDTH));
	listing_set(listing, row, "Size",
		    options->human ? size : arena_printf(&cli->arena, "%lld", (long long)item->size));
	listing_set(listing, row, "Comment", one_line(cli, item->comment));
}

static int history_list(struct cli *cli, struct listing *listing, struct err *err)
{
	const struct history_options *options = cli->options;
	auto_buf path = BUF_INIT(256 << 10);
	const struct json *list;
	buf_text(&path, cli_path(cli, "/images/%s/history", cli->args[0]));
	if (!text_empty(options->platform)) {
		buf_text(&path, "?platform=");
		path_escape(&path, options->platform);
	}
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	int rc = client_json(&cli->client, &request, &list, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct image_history_item item = {0};
		rc = json_decode(&cli->arena, &table_image_history_item, list->items[i], JSON_FOLD_CASE, &item, err);
		if (rc == 0)
			row_fill(cli, listing, &item);
	}
	return rc;
}

static int history_run(struct cli *cli)
{
	static const char *const human[] = {"ID", "CreatedSince", "CreatedBy", "Size", "Comment", NULL};
	static const char *const exact[] = {"ID", "CreatedAt", "CreatedBy", "Size", "Comment", NULL};
	const struct history_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = columns, .shown = options->human ? human : exact};
	struct err err;
	if (history_list(cli, &listing, &err) < 0 ||
	    listing_print(&listing, options->format, options->quiet ? "ID" : NULL, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_history = {
    .path = "image history",
    .shortcut = "history",
    .usage = "IMAGE",
    .summary = "Show the history of an image",
    .args_min = 1,
    .args_max = 1,
    .options = history_rows,
    .options_size = sizeof(struct history_options),
    .defaults = &history_defaults,
    .run = history_run,
};
