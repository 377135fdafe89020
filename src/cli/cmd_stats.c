/* stats */
#include "cli/commands.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/listing.h"
#include "cli/show.h"
#include "docker/container.h"
#include "docker/size.h"
#include "docker/stats.h"

#include <time.h>

struct stats_options {
	bool all, no_stream, no_trunc;
	const char *format;
};

static const struct option_row stats_rows[] = {
    O_BOOL(struct stats_options, all, "all", 'a', "Show all containers (default shows just running)"),
    O_STRING(struct stats_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct stats_options, no_stream, "no-stream", 0, "Disable streaming stats and only pull the first result"),
    O_BOOL(struct stats_options, no_trunc, "no-trunc", 0, "Do not truncate output"),
    O_END,
};

static const struct column columns[] = {
    {"Container", "CONTAINER"},
    {"ID", "CONTAINER ID"},
    {"Name", "NAME"},
    {"CPUPerc", "CPU %"},
    {"MemUsage", "MEM USAGE / LIMIT"},
    {"MemPerc", "MEM %"},
    {"NetIO", "NET I/O"},
    {"BlockIO", "BLOCK I/O"},
    {"PIDs", "PIDS"},
    {NULL, NULL},
};

/* One container that is watched, in the order of its first sight. */
struct watched {
	struct watched *next;
	char *name; /* as asked for, or its ID */
	struct stats_cpu before;
	bool has_before, seen;
};

struct watch {
	struct cli *cli;
	struct watched *first;
	bool named; /* by arguments */
};

/* --- rows --- */

static const char *pair_text(struct arena *arena, uint64_t a, uint64_t b, bool binary)
{
	char first[SIZE_TEXT], second[SIZE_TEXT];
	if (binary) {
		size_binary((int64_t)a, first);
		size_binary((int64_t)b, second);
	} else {
		size_decimal((int64_t)a, 3, first);
		size_decimal((int64_t)b, 3, second);
	}
	return arena_printf(arena, "%s / %s", first, second);
}

static void io_fill(struct listing *listing, struct json *row, const struct container_stats *stats)
{
	uint64_t rx = 0, tx = 0, in = 0, out = 0;
	for (size_t i = 0; i < stats->networks.count; i++) {
		rx += stats->networks.items[i].rx_bytes;
		tx += stats->networks.items[i].tx_bytes;
	}
	for (size_t i = 0; i < stats->blkio.bytes.count; i++) {
		const struct stats_block *block = &stats->blkio.bytes.items[i];
		char first = block->op && *block->op ? block->op[0] : 0;
		in += first == 'r' || first == 'R' ? block->value : 0;
		out += first == 'w' || first == 'W' ? block->value : 0;
	}
	listing_set(listing, row, "NetIO", pair_text(listing->arena, rx, tx, false));
	listing_set(listing, row, "BlockIO", pair_text(listing->arena, in, out, false));
}

static void row_fill(struct listing *listing, const struct watched *watched, const struct container_stats *stats,
		     bool whole)
{
	struct json *row = listing_row(listing);
	struct arena *arena = listing->arena;
	uint64_t used = stats_memory_used(stats);
	const char *name = stats->name ? stats->name : "";
	bool valid = stats->cpu.online > 0 || stats->memory.usage > 0 || !watched->has_before;
	listing_set(listing, row, "Container", watched->name);
	listing_set(listing, row, "ID", show_id(arena, stats->id ? stats->id : "", whole));
	listing_set(listing, row, "Name", name + (name[0] == '/'));
	if (!valid) {
		static const char *const blank[] = {"CPUPerc", "MemPerc", "PIDs"}, *const two[] = {"MemUsage", "NetIO",
												   "BlockIO"};
		for (size_t i = 0; i < array_size(blank); i++) {
			listing_set(listing, row, blank[i], "--");
			listing_set(listing, row, two[i], "-- / --");
		}
		return;
	}
	listing_set(
	    listing, row, "CPUPerc",
	    arena_printf(arena, "%.2f%%", watched->has_before ? stats_cpu_percent(stats, &watched->before) : 0));
	listing_set(listing, row, "MemUsage", pair_text(arena, used, stats->memory.limit, true));
	listing_set(
	    listing, row, "MemPerc",
	    arena_printf(arena, "%.2f%%", stats->memory.limit ? (double)used / (double)stats->memory.limit * 100 : 0));
	listing_set(listing, row, "PIDs", arena_printf(arena, "%llu", (unsigned long long)stats->pids.current));
	io_fill(listing, row, stats);
}

/* --- who is watched --- */

static void watch_add(struct watch *watch, const char *name)
{
	struct watched **link = &watch->first;
	for (; *link; link = &(*link)->next) {
		if (text_equal((*link)->name, name)) {
			(*link)->seen = true;
			return;
		}
	}
	*link = arena_new(&watch->cli->arena, struct watched);
	(*link)->name = arena_strdup(&watch->cli->arena, name);
	(*link)->seen = true;
}

static int watch_list(struct watch *watch, struct err *err)
{
	const struct stats_options *options = watch->cli->options;
	const struct client_request request = {.method = "GET",
					       .path = options->all ? "/containers/json?all=1" : "/containers/json"};
	const struct json *list;
	if (watch->named)
		return 0;
	for (struct watched *at = watch->first; at; at = at->next)
		at->seen = false;
	int rc = client_json(&watch->cli->client, &request, &list, err);
	for (size_t i = list && rc == 0 ? list->count : 0; i > 0; i--) { /* the oldest first: new ones come below */
		const struct json *id = json_get(list->items[i - 1], "Id");
		if (id && id->kind == JSON_STRING)
			watch_add(watch, id->text);
	}
	return rc;
}

/* listing NULL: only to have something to compare with. */
static int watch_round(struct watch *watch, struct listing *listing, struct err *err)
{
	const struct stats_options *options = watch->cli->options;
	int rc = watch_list(watch, err);
	for (struct watched *at = watch->first; rc == 0 && at; at = at->next) {
		auto_arena arena = {0};
		struct container_stats stats = {0};
		const struct json *value;
		const struct client_request request = {
		    .method = "GET",
		    .path = cli_path(watch->cli, "/containers/%s/stats?stream=0&one-shot=1", at->name)};
		if (!at->seen)
			continue;
		rc = client_json(&watch->cli->client, &request, &value, err);
		if (rc == -ENOENT && !watch->named) { /* it has just gone */
			rc = 0;
			at->seen = false;
			continue;
		}
		if (rc == 0)
			rc = json_decode(&arena, &table_container_stats, value, 0, &stats, err);
		if (rc == 0 && listing)
			row_fill(listing, at, &stats, options->no_trunc);
		at->before = stats.cpu;
		at->before.usage.per_cpu = NULL;
		at->has_before = true;
	}
	return rc;
}

static int stats_show(struct watch *watch, struct err *err)
{
	static const char *const shown[] = {"ID",    "Name",	"CPUPerc", "MemUsage", "MemPerc",
					    "NetIO", "BlockIO", "PIDs",	   NULL};
	const struct stats_options *options = watch->cli->options;
	const struct timespec second = {.tv_sec = 1};
	bool table = text_empty(options->format) || text_after(options->format, "table");
	int rc = watch_round(watch, NULL, err);
	while (rc == 0) {
		auto_arena arena = {0};
		struct listing listing = {.arena = &arena, .columns = columns, .shown = shown};
		nanosleep(&second, NULL);
		rc = watch_round(watch, &listing, err);
		if (rc == 0 && table && !options->no_stream)
			print("\033[H\033[J");
		if (rc == 0)
			rc = listing_print(&listing, options->format, NULL, err);
		fflush(stdout);
		if (options->no_stream || ferror(stdout))
			break;
	}
	return rc;
}

static int stats_run(struct cli *cli)
{
	struct watch watch = {.cli = cli, .named = cli->arg_count > 0};
	struct err err;
	for (size_t i = 0; i < cli->arg_count; i++)
		watch_add(&watch, cli->args[i]);
	return stats_show(&watch, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_stats = {
    .path = "container stats",
    .shortcut = "stats",
    .usage = "[CONTAINER...]",
    .summary = "Display a live stream of container(s) resource usage statistics",
    .args_min = 0,
    .args_max = ARGS_ANY,
    .options = stats_rows,
    .options_size = sizeof(struct stats_options),
    .run = stats_run,
};
