/* system df */
#include "cli/commands.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/listing.h"
#include "cli/show.h"
#include "cli/template.h"
#include "docker/disk_usage.h"
#include "docker/size.h"

#include <string.h>

struct df_options {
	bool verbose;
	const char *format;
};

static const struct option_row df_rows[] = {
    O_STRING(struct df_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct df_options, verbose, "verbose", 'v', "Show detailed information on space usage"),
    O_END,
};

static const char *size_text(struct arena *arena, int64_t bytes)
{
	char text[SIZE_TEXT];
	size_decimal(bytes, 4, text);
	return arena_strdup(arena, text);
}

/* Images and containers are shown as in their own tables. */
static const char *short_text(struct arena *arena, int64_t bytes)
{
	char text[SIZE_TEXT];
	size_decimal(bytes, 3, text);
	return arena_strdup(arena, text);
}

static const char *number_text(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

/* --- the summary --- */

static const struct column sum_columns[] = {
    {"Type", "TYPE"}, {"TotalCount", "TOTAL"},	      {"Active", "ACTIVE"},
    {"Size", "SIZE"}, {"Reclaimable", "RECLAIMABLE"}, {NULL, NULL},
};

struct sums {
	int64_t total, active, size, reclaimable;
};

static void sum_row(struct listing *listing, const char *type, struct sums sums, bool percent)
{
	struct json *row = listing_row(listing);
	const char *free = size_text(listing->arena, sums.reclaimable);
	if (percent && sums.size > 0)
		free =
		    arena_printf(listing->arena, "%s (%lld%%)", free, (long long)(sums.reclaimable * 100 / sums.size));
	listing_set(listing, row, "Type", type);
	listing_set(listing, row, "TotalCount", number_text(listing->arena, sums.total));
	listing_set(listing, row, "Active", number_text(listing->arena, sums.active));
	listing_set(listing, row, "Size", size_text(listing->arena, sums.size));
	listing_set(listing, row, "Reclaimable", free);
}

#define SUMS(part)                                                                                                  \
	((part) ? (struct sums){(part)->total_count, (part)->active_count, (part)->total_size, (part)->reclaimable} \
		: (struct sums){0})

static int summary_print(struct cli *cli, const struct disk_usage *usage, struct err *err)
{
	static const char *const shown[] = {"Type", "TotalCount", "Active", "Size", "Reclaimable", NULL};
	const struct df_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = sum_columns, .shown = shown};
	sum_row(&listing, "Images", SUMS(usage->images), true);
	sum_row(&listing, "Containers", SUMS(usage->containers), true);
	sum_row(&listing, "Local Volumes", SUMS(usage->volumes), true);
	sum_row(&listing, "Build Cache", SUMS(usage->builds), false);
	return listing_print(&listing, options->format, NULL, err);
}

/* --- one by one --- */

static const struct column image_columns[] = {
    {"Repository", "REPOSITORY"},
    {"Tag", "TAG"},
    {"ID", "IMAGE ID"},
    {"CreatedSince", "CREATED"},
    {"Size", "SIZE"},
    {"SharedSize", "SHARED SIZE"},
    {"UniqueSize", "UNIQUE SIZE"},
    {"Containers", "CONTAINERS"},
    {NULL, NULL},
};
static const struct column container_columns[] = {
    {"ID", "CONTAINER ID"}, {"Image", "IMAGE"},	       {"Command", "COMMAND"}, {"LocalVolumes", "LOCAL VOLUMES"},
    {"Size", "SIZE"},	    {"RunningFor", "CREATED"}, {"Status", "STATUS"},   {"Names", "NAMES"},
    {NULL, NULL},
};
static const struct column volume_columns[] = {
    {"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}, {NULL, NULL}};
static const struct column build_columns[] = {{"ID", "CACHE ID"},
					      {"CacheType", "CACHE TYPE"},
					      {"Size", "SIZE"},
					      {"CreatedSince", "CREATED"},
					      {"LastUsedSince", "LAST USED"},
					      {"UsageCount", "USAGE"},
					      {"Shared", "SHARED"},
					      {NULL, NULL}};

static void image_row(struct listing *listing, const struct image_summary *image)
{
	struct arena *arena = listing->arena;
	struct json *row = listing_row(listing);
	const char *name = image->repo_tags && image->repo_tags[0] ? show_image(image->repo_tags[0]) : "<none>:<none>";
	const char *colon = strrchr(name, ':');
	listing_set(listing, row, "Repository",
		    arena_strndup(arena, name, colon ? (size_t)(colon - name) : strlen(name)));
	listing_set(listing, row, "Tag", colon ? colon + 1 : "<none>");
	listing_set(listing, row, "ID", show_id(arena, image->id, false));
	listing_set(listing, row, "CreatedSince", show_ago(arena, image->created));
	listing_set(listing, row, "Size", short_text(arena, image->size));
	listing_set(listing, row, "SharedSize", size_text(arena, image->shared_size));
	listing_set(listing, row, "UniqueSize", size_text(arena, image->size - image->shared_size));
	listing_set(listing, row, "Containers", number_text(arena, image->containers));
}

static void container_row(struct listing *listing, const struct container_summary *item)
{
	struct arena *arena = listing->arena;
	struct json *row = listing_row(listing);
	auto_buf command = BUF_INIT(1 << 20);
	int64_t volumes = 0;
	for (size_t i = 0; i < item->mounts.count; i++)
		volumes += !text_empty(item->mounts.items[i].driver);
	json_encode_string(&command, text_ellipsis(arena, item->command, 20));
	const char *name = item->names && item->names[0] ? item->names[0] + (item->names[0][0] == '/') : "";
	listing_set(listing, row, "ID", show_id(arena, item->id, false));
	listing_set(listing, row, "Image", show_image(item->image));
	listing_set(listing, row, "Command", buf_str(&command));
	listing_set(listing, row, "LocalVolumes", number_text(arena, volumes));
	listing_set(listing, row, "Size", short_text(arena, item->size_rw ? *item->size_rw : 0));
	listing_set(listing, row, "RunningFor", show_ago(arena, item->created));
	listing_set(listing, row, "Status", item->status);
	listing_set(listing, row, "Names", name);
}

static void volume_row(struct listing *listing, const struct volume_info *volume)
{
	struct json *row = listing_row(listing);
	listing_set(listing, row, "Name", volume->name);
	listing_set(listing, row, "Links", number_text(listing->arena, volume->usage ? volume->usage->ref_count : 0));
	listing_set(listing, row, "Size", size_text(listing->arena, volume->usage ? volume->usage->size : 0));
}

static void build_row(struct listing *listing, const struct build_cache_record *record)
{
	struct arena *arena = listing->arena;
	struct json *row = listing_row(listing);
	int64_t created = 0, used = 0;
	if (time_parse_rfc3339(record->created_at, &created) < 0 || time_parse_rfc3339(record->last_used_at, &used) < 0)
		created = used = 0;
	listing_set(listing, row, "ID", arena_strndup(arena, record->id, 12));
	listing_set(listing, row, "CacheType", record->type);
	listing_set(listing, row, "Size", size_text(arena, record->size));
	listing_set(listing, row, "CreatedSince", show_ago(arena, created / 1000000000));
	listing_set(listing, row, "LastUsedSince", show_ago(arena, used / 1000000000));
	listing_set(listing, row, "UsageCount", number_text(arena, record->usage_count));
	listing_set(listing, row, "Shared", record->shared ? "true" : "false");
}

static const char *const *fields_of(struct arena *arena, const struct column *columns)
{
	size_t count = 0;
	while (columns[count].field)
		count++;
	const char **fields = arena_array(arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		fields[i] = columns[i].field;
	return fields;
}

enum { BLOCKS = 4 };

/* A template sees the four lists as .Images, .Containers, .Volumes and .BuildCache. */
static int blocks_template(struct cli *cli, const struct listing *listings, const char *format, struct err *err)
{
	static const char *keys[BLOCKS] = {"Images", "Containers", "Volumes", "BuildCache"};
	struct json arrays[BLOCKS], *items[BLOCKS];
	struct json object = {.kind = JSON_OBJECT, .count = BLOCKS, .keys = keys, .items = items};
	const struct template *template;
	auto_buf text = BUF_INIT(TEMPLATE_OUT_MAX);
	for (size_t i = 0; i < BLOCKS; i++) {
		arrays[i] = (struct json){.kind = JSON_ARRAY, .count = listings[i].count, .items = listings[i].rows};
		items[i] = &arrays[i];
	}
	int rc = template_parse(&cli->arena, text_equal(format, "json") ? "{{json .}}" : format, &template, err);
	if (rc == 0)
		rc = template_run(template, &cli->arena, &object, &text, err);
	if (rc == 0)
		print("%s\n", buf_str(&text));
	return rc;
}

static int blocks_print(struct cli *cli, const struct disk_usage *usage, struct err *err)
{
	static const char *const titles[BLOCKS] = {"Images space usage:\n\n", "\nContainers space usage:\n\n",
						   "\nLocal Volumes space usage:\n\n", "\nBuild cache usage: %s\n\n"};
	static const struct column *const columns[BLOCKS] = {image_columns, container_columns, volume_columns,
							     build_columns};
	const struct df_options *options = cli->options;
	struct listing listings[BLOCKS];
	for (size_t i = 0; i < BLOCKS; i++)
		listings[i] = (struct listing){
		    .arena = &cli->arena, .columns = columns[i], .shown = fields_of(&cli->arena, columns[i])};
	for (size_t i = 0; usage->images && i < usage->images->items.count; i++)
		image_row(&listings[0], &usage->images->items.items[i]);
	for (size_t i = 0; usage->containers && i < usage->containers->items.count; i++)
		container_row(&listings[1], &usage->containers->items.items[i]);
	for (size_t i = 0; usage->volumes && i < usage->volumes->items.count; i++)
		volume_row(&listings[2], &usage->volumes->items.items[i]);
	for (size_t i = 0; usage->builds && i < usage->builds->items.count; i++)
		build_row(&listings[3], &usage->builds->items.items[i]);
	if (!text_empty(options->format) && !text_equal(options->format, "table"))
		return blocks_template(cli, listings, options->format, err);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < BLOCKS; i++) {
		print(titles[i], size_text(&cli->arena, usage->builds ? usage->builds->total_size : 0));
		rc = listing_print(&listings[i], NULL, NULL, err);
	}
	return rc;
}

static int df_run(struct cli *cli)
{
	const struct df_options *options = cli->options;
	struct disk_usage usage = {0};
	struct err err;
	const struct client_request request = {.method = "GET",
					       .path = options->verbose ? "/system/df?verbose=1" : "/system/df"};
	int rc = client_struct(&cli->client, &request, &table_disk_usage, &usage, &err);
	if (rc == 0)
		rc = options->verbose ? blocks_print(cli, &usage, &err) : summary_print(cli, &usage, &err);
	return rc < 0 ? cli_failed(&err) : 0;
}

const struct command command_system_df = {
    .path = "system df",
    .usage = "",
    .summary = "Show docker disk usage",
    .args_min = 0,
    .args_max = 0,
    .options = df_rows,
    .options_size = sizeof(struct df_options),
    .run = df_run,
};
