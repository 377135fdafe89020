/* ps */
#include "cli/commands.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/filter_query.h"
#include "cli/listing.h"
#include "cli/port_text.h"
#include "cli/show.h"
#include "docker/container.h"
#include "docker/size.h"

#include <string.h>

struct ps_options {
	bool all, latest, no_trunc, quiet, size;
	char **filter;
	const char *format;
	int64_t last;
};

static const struct ps_options ps_defaults = {.last = -1};

static const struct option_row ps_rows[] = {
    O_BOOL(struct ps_options, all, "all", 'a', "Show all containers (default shows just running)"),
    O_LIST(struct ps_options, filter, "filter", 'f', "filter", "Filter output based on conditions provided"),
    O_STRING(struct ps_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_NUMBER(struct ps_options, last, "last", 'n', "Show n last created containers (includes all states)"),
    O_BOOL(struct ps_options, latest, "latest", 'l', "Show the latest created container (includes all states)"),
    O_BOOL(struct ps_options, no_trunc, "no-trunc", 0, "Don't truncate output"),
    O_BOOL(struct ps_options, quiet, "quiet", 'q', "Only display container IDs"),
    O_BOOL(struct ps_options, size, "size", 's', "Display total file sizes"),
    O_END,
};

static const struct column columns[] = {
    {"ID", "CONTAINER ID"},	 {"Image", "IMAGE"},	    {"Command", "COMMAND"},
    {"CreatedAt", "CREATED AT"}, {"RunningFor", "CREATED"}, {"Status", "STATUS"},
    {"Ports", "PORTS"},		 {"Names", "NAMES"},	    {"Size", "SIZE"},
    {"Reason", "REASON"},	 {"ReasonKind", "KIND"},    {"State", "STATE"},
    {"Labels", "LABELS"},	 {"Mounts", "MOUNTS"},	    {"LocalVolumes", "LOCAL VOLUMES"},
    {"Networks", "NETWORKS"},	 {"Platform", "PLATFORM"},  {NULL, NULL},
};

static const char *names_text(struct cli *cli, char *const *names, bool whole)
{
	auto_buf text = BUF_INIT(64 << 10);
	for (; names && *names; names++) {
		const char *name = *names + (**names == '/');
		if (!whole && strchr(name, '/'))
			continue;
		buf_printf(&text, "%s%s", text.len ? "," : "", name);
		if (!whole)
			break;
	}
	return arena_strdup(&cli->arena, buf_str(&text));
}

/* The image as people name it; an ID in short. */
static const char *image_text(struct cli *cli, const struct container_summary *item, bool whole)
{
	if (text_empty(item->image))
		return "<no image>";
	if (!whole && text_equal(item->image, item->image_id))
		return show_id(&cli->arena, item->image, false);
	const char *name = show_image(item->image);
	const char *digest = strchr(name, '@');
	return digest && !whole ? arena_strndup(&cli->arena, name, (size_t)(digest - name)) : name;
}

static const char *size_text(struct cli *cli, const struct container_summary *item)
{
	char rw[SIZE_TEXT], whole[SIZE_TEXT];
	size_decimal(item->size_rw ? *item->size_rw : 0, 3, rw);
	if (!item->size_root_fs || *item->size_root_fs == 0)
		return arena_strdup(&cli->arena, rw);
	size_decimal(*item->size_root_fs, 3, whole);
	return arena_printf(&cli->arena, "%s (virtual %s)", rw, whole);
}

static const char *mounts_text(struct cli *cli, const struct container_summary *item, bool whole)
{
	auto_buf text = BUF_INIT(1 << 20);
	for (size_t i = 0; i < item->mounts.count; i++) {
		const struct mount_point *mount = &item->mounts.items[i];
		const char *name = text_empty(mount->name) ? mount->source : mount->name;
		buf_printf(&text, "%s%s", i > 0 ? "," : "", whole ? name : text_ellipsis(&cli->arena, name, 15));
	}
	return arena_strdup(&cli->arena, buf_str(&text));
}

static const char *volumes_text(struct cli *cli, const struct container_summary *item)
{
	size_t count = 0;
	for (size_t i = 0; i < item->mounts.count; i++)
		count += !text_empty(item->mounts.items[i].driver);
	return arena_printf(&cli->arena, "%zu", count);
}

static const char *networks_text(struct cli *cli, const struct container_summary *item)
{
	auto_buf text = BUF_INIT(64 << 10);
	for (size_t i = 0; i < item->network_settings.networks.count; i++)
		buf_printf(&text, "%s%s", i > 0 ? "," : "", item->network_settings.networks.items[i].key);
	return arena_strdup(&cli->arena, buf_str(&text));
}

static void row_fill(struct cli *cli, struct listing *listing, const struct container_summary *item,
		     const struct ps_options *options)
{
	struct json *row = listing_row(listing);
	auto_buf command = BUF_INIT(1 << 20);
	json_encode_string(&command, options->no_trunc ? item->command : text_ellipsis(&cli->arena, item->command, 20));
	listing_set(listing, row, "ID", show_id(&cli->arena, item->id, options->no_trunc));
	listing_set(listing, row, "Image", image_text(cli, item, options->no_trunc));
	listing_set(listing, row, "Command", buf_str(&command));
	listing_set(listing, row, "CreatedAt", show_time(&cli->arena, item->created));
	listing_set(listing, row, "RunningFor", show_ago(&cli->arena, item->created));
	listing_set(listing, row, "Status", item->status);
	listing_set(listing, row, "Ports", port_text(&cli->arena, item->ports.items, item->ports.count));
	listing_set(listing, row, "Names", names_text(cli, item->names, options->no_trunc));
	listing_set(listing, row, "Size", size_text(cli, item));
	listing_set(listing, row, "State", item->state);
	listing_set(listing, row, "Reason", item->reason ? item->reason : "");
	listing_set(listing, row, "ReasonKind", item->reason_kind ? item->reason_kind : "");
	listing_set(listing, row, "Labels", show_labels(&cli->arena, &item->labels));
	listing_set(listing, row, "Mounts", mounts_text(cli, item, options->no_trunc));
	listing_set(listing, row, "LocalVolumes", volumes_text(cli, item));
	listing_set(listing, row, "Networks", networks_text(cli, item));
	listing_labels(listing, row, &item->labels);
}

static int ps_path(const struct ps_options *options, struct buf *path, struct err *err)
{
	int64_t limit = options->latest ? 1 : options->last;
	bool size = options->size || (options->format && strstr(options->format, ".Size"));
	buf_printf(path, "/containers/json?all=%d&size=%d", options->all || limit > 0, size);
	if (limit > 0)
		buf_printf(path, "&limit=%lld", (long long)limit);
	return filter_query(options->filter, path, err);
}

static int ps_list(struct cli *cli, struct listing *listing, struct err *err)
{
	const struct ps_options *options = cli->options;
	auto_buf path = BUF_INIT(1 << 20);
	const struct json *list;
	int rc = ps_path(options, &path, err);
	if (rc < 0)
		return rc;
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	rc = client_json(&cli->client, &request, &list, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct container_summary item = {0};
		rc = json_decode(&cli->arena, &table_container_summary, list->items[i], JSON_FOLD_CASE, &item, err);
		if (rc == 0)
			row_fill(cli, listing, &item, options);
	}
	return rc;
}

static int ps_run(struct cli *cli)
{
	static const char *const shown[] = {"ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", NULL};
	static const char *const sized[] = {"ID",    "Image", "Command", "RunningFor", "Status",
					    "Ports", "Names", "Size",	 NULL};
	const struct ps_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = columns, .shown = options->size ? sized : shown};
	struct err err;
	if (ps_list(cli, &listing, &err) < 0 ||
	    listing_print(&listing, options->format, options->quiet ? "ID" : NULL, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_ps = {
    .path = "container ls",
    .shortcut = "ps",
    .alias = "list",
    .usage = "",
    .summary = "List containers",
    .args_max = 0,
    .options = ps_rows,
    .options_size = sizeof(struct ps_options),
    .defaults = &ps_defaults,
    .run = ps_run,
};
