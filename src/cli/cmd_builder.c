/* builder prune: what builds have kept goes. */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/confirm.h"
#include "cli/filter_query.h"
#include "docker/build.h"
#include "docker/size.h"

struct prune_options {
	bool all, force, verbose;
	char **filter;
	int64_t keep_storage, reserved_space, max_used_space, min_free_space;
};

static const struct option_row prune_rows[] = {
    O_BOOL(struct prune_options, all, "all", 'a', "Remove all unused build cache, not just dangling ones"),
    O_LIST(struct prune_options, filter, "filter", 0, "filter", "Provide filter values (e.g. \"until=24h\")"),
    O_BOOL(struct prune_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_SIZE(struct prune_options, keep_storage, "keep-storage", 0, "Amount of disk space to keep for cache", 0),
    O_SIZE(struct prune_options, max_used_space, "max-used-space", 0,
	   "Maximum amount of disk space allowed to keep for cache", 0),
    O_SIZE(struct prune_options, min_free_space, "min-free-space", 0, "Target amount of free disk space after pruning",
	   0),
    O_SIZE(struct prune_options, reserved_space, "reserved-space", 0,
	   "Amount of disk space always allowed to keep for cache", 0),
    O_BOOL(struct prune_options, verbose, "verbose", 0, "Provide a more verbose output"),
    O_END,
};

static int prune_run(struct cli *cli)
{
	const struct prune_options *options = cli->options;
	auto_buf path = BUF_INIT(64 << 10);
	struct build_pruned pruned = {0};
	struct err err;
	char size[SIZE_TEXT];
	if (!options->force && !confirm(options->all ? "WARNING! This will remove all build cache."
						     : "WARNING! This will remove all dangling build cache."))
		return 0;
	buf_printf(&path, "/build/prune?all=%d", options->all);
	int64_t keep = options->reserved_space ? options->reserved_space : options->keep_storage;
	buf_printf(&path, "&reserved-space=%lld&max-used-space=%lld&min-free-space=%lld", (long long)keep,
		   (long long)options->max_used_space, (long long)options->min_free_space);
	int rc = filter_query(options->filter, &path, &err);
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	if (rc == 0)
		rc = client_struct(&cli->client, &request, &table_build_pruned, &pruned, &err);
	if (rc < 0)
		return cli_failed(&err);
	if (pruned.caches_deleted && pruned.caches_deleted[0]) {
		print("Deleted build cache objects:\n");
		for (char **id = pruned.caches_deleted; *id; id++)
			print("%s\n", *id);
		print("\n");
	}
	size_decimal(pruned.space_reclaimed, 4, size);
	print("Total reclaimed space: %s\n", size);
	return 0;
}

#define PRUNE_COMMAND(path_)                                                                                 \
	{                                                                                                    \
		.path = (path_), .usage = "", .summary = "Remove build cache", .args_min = 0, .args_max = 0, \
		.options = prune_rows, .options_size = sizeof(struct prune_options), .run = prune_run,       \
	}

const struct command command_builder_prune = PRUNE_COMMAND("builder prune");
const struct command command_buildx_prune = PRUNE_COMMAND("buildx prune");
