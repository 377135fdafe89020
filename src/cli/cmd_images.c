/* images, tag, rmi */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/filter_query.h"
#include "cli/images_tree.h"
#include "cli/listing.h"
#include "cli/show.h"
#include "docker/image.h"
#include "docker/size.h"

#include <string.h>

struct images_options {
	bool all, digests, no_trunc, quiet, tree;
	char **filter;
	const char *format;
};

static const struct option_row images_rows[] = {
    O_BOOL(struct images_options, all, "all", 'a', "Show all images (default hides intermediate images)"),
    O_BOOL(struct images_options, digests, "digests", 0, "Show digests"),
    O_LIST(struct images_options, filter, "filter", 'f', "filter", "Filter output based on conditions provided"),
    O_STRING(struct images_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct images_options, no_trunc, "no-trunc", 0, "Don't truncate output"),
    O_BOOL(struct images_options, quiet, "quiet", 'q', "Only show image IDs"),
    O_BOOL(struct images_options, tree, "tree", 0, "List multi-platform images as a tree (EXPERIMENTAL)"),
    O_END,
};

static const struct column columns[] = {
    {"Repository", "REPOSITORY"},
    {"Tag", "TAG"},
    {"Digest", "DIGEST"},
    {"ID", "IMAGE ID"},
    {"CreatedSince", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"Size", "SIZE"},
    {"Containers", "CONTAINERS"},
    {"SharedSize", "SHARED SIZE"},
    {"UniqueSize", "UNIQUE SIZE"},
    {"VirtualSize", "SIZE"},
    {NULL, NULL},
};

static void row_fill(struct cli *cli, struct listing *listing, const struct image_summary *image, const char *name,
		     const struct images_options *options)
{
	struct json *row = listing_row(listing);
	char size[SIZE_TEXT];
	const char *repository = "<none>", *tag = "<none>", *digest = "<none>";
	if (name) {
		const char *shown = show_image(name), *slash = strrchr(shown, '/');
		const char *colon = strrchr(slash ? slash : shown, ':');
		repository = arena_strndup(&cli->arena, shown, colon ? (size_t)(colon - shown) : strlen(shown));
		tag = colon ? colon + 1 : tag;
	}
	if (image->repo_digests && image->repo_digests[0] && strchr(image->repo_digests[0], '@'))
		digest = strchr(image->repo_digests[0], '@') + 1;
	size_decimal(image->size, 3, size);
	listing_set(listing, row, "Repository", repository);
	listing_set(listing, row, "Tag", tag);
	listing_set(listing, row, "Digest", digest);
	listing_set(listing, row, "ID", show_id(&cli->arena, image->id, options->no_trunc));
	listing_set(listing, row, "CreatedSince", image->created > 0 ? show_ago(&cli->arena, image->created) : "N/A");
	listing_set(listing, row, "CreatedAt", show_time(&cli->arena, image->created));
	listing_set(listing, row, "Size", size);
	listing_set(listing, row, "VirtualSize", size);
	listing_set(listing, row, "Containers",
		    image->containers < 0 ? "N/A" : arena_printf(&cli->arena, "%lld", (long long)image->containers));
	listing_set(listing, row, "SharedSize", "N/A");
	listing_set(listing, row, "UniqueSize", "N/A");
	listing_labels(listing, row, &image->labels);
}

static int images_path(struct cli *cli, struct buf *path, struct err *err)
{
	const struct images_options *options = cli->options;
	auto_strv char **filters = NULL;
	for (char **filter = options->filter; filter && *filter; filter++)
		strv_push(&filters, x_strdup(*filter));
	if (cli->arg_count > 0)
		strv_push(&filters, x_printf("reference=%s", cli->args[0]));
	buf_printf(path, "/images/json?all=%d", options->all);
	return filter_query(filters, path, err);
}

static int images_list(struct cli *cli, struct listing *listing, struct err *err)
{
	const struct images_options *options = cli->options;
	auto_buf path = BUF_INIT(1 << 20);
	const struct json *list;
	int rc = images_path(cli, &path, err);
	if (rc < 0)
		return rc;
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	rc = client_json(&cli->client, &request, &list, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct image_summary image = {0};
		rc = json_decode(&cli->arena, &table_image_summary, list->items[i], JSON_FOLD_CASE, &image, err);
		if (rc < 0)
			break;
		size_t tags = strv_count(image.repo_tags);
		bool once = options->quiet || tags == 0;
		for (size_t k = 0; k < (once ? 1 : tags); k++)
			row_fill(cli, listing, &image, tags > 0 ? image.repo_tags[k] : NULL, options);
	}
	return rc;
}

static int images_run(struct cli *cli)
{
	static const char *const shown[] = {"Repository", "Tag", "ID", "CreatedSince", "Size", NULL};
	static const char *const digests[] = {"Repository", "Tag", "Digest", "ID", "CreatedSince", "Size", NULL};
	const struct images_options *options = cli->options;
	struct listing listing = {
	    .arena = &cli->arena, .columns = columns, .shown = options->digests ? digests : shown};
	struct err err;
	if (options->tree) {
		auto_buf path = BUF_INIT(1 << 20);
		if (options->quiet || options->no_trunc || options->digests || !text_empty(options->format)) {
			fprintf(stderr,
				"--quiet, --no-trunc, --digests and --format are not yet supported with --tree\n");
			return EXIT_FAILED;
		}
		return images_path(cli, &path, &err) < 0 || images_tree(cli, buf_str(&path), &err) < 0
			   ? cli_failed(&err)
			   : 0;
	}
	if (images_list(cli, &listing, &err) < 0 ||
	    listing_print(&listing, options->format, options->quiet ? "ID" : NULL, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_images = {
    .path = "image ls",
    .shortcut = "images",
    .alias = "list",
    .usage = "[REPOSITORY[:TAG]]",
    .summary = "List images",
    .args_max = 1,
    .options = images_rows,
    .options_size = sizeof(struct images_options),
    .run = images_run,
};

/* --- tag --- */

/* "registry:5000/a/b:tag" taken apart at the tag. */
static int tag_run(struct cli *cli)
{
	struct err err;
	const char *target = cli->args[1], *slash = strrchr(target, '/');
	const char *colon = strrchr(slash ? slash : target, ':');
	auto_free char *repository = x_strndup(target, colon ? (size_t)(colon - target) : strlen(target));
	auto_buf path = BUF_INIT(256 << 10);
	buf_text(&path, cli_path(cli, "/images/%s/tag?repo=", cli->args[0]));
	path_escape(&path, repository);
	buf_text(&path, "&tag=");
	path_escape(&path, colon ? colon + 1 : "");
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	return client_call(&cli->client, &request, NULL, NULL, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_tag = {
    .path = "image tag",
    .shortcut = "tag",
    .usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    .summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    .args_min = 2,
    .args_max = 2,
    .run = tag_run,
};

/* --- rmi --- */

struct rmi_options {
	bool force, no_prune;
};

static const struct option_row rmi_rows[] = {
    O_BOOL(struct rmi_options, force, "force", 'f', "Force removal of the image"),
    O_BOOL(struct rmi_options, no_prune, "no-prune", 0, "Do not delete untagged parents"),
    O_ABSENT("platform", "strings", ""),
    O_END,
};

static int image_remove(struct cli *cli, const char *name, struct err *err)
{
	const struct rmi_options *options = cli->options;
	const struct json *list;
	const char *path = arena_printf(&cli->arena, "%s?force=%d&noprune=%d", cli_path(cli, "/images/%s", name),
					options->force, options->no_prune);
	const struct client_request request = {.method = "DELETE", .path = path};
	int rc = client_json(&cli->client, &request, &list, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct image_deleted item = {0};
		rc = json_decode(&cli->arena, &table_image_deleted, list->items[i], JSON_FOLD_CASE, &item, err);
		if (rc == 0 && !text_empty(item.deleted))
			print("Deleted: %s\n", item.deleted);
		else if (rc == 0)
			print("Untagged: %s\n", show_image(item.untagged ? item.untagged : ""));
	}
	return rc;
}

static int rmi_run(struct cli *cli)
{
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		if (image_remove(cli, cli->args[i], &err) < 0)
			status = cli_failed(&err);
	}
	return status;
}

const struct command command_rmi = {
    .path = "image rm",
    .shortcut = "rmi",
    .alias = "remove",
    .usage = "IMAGE [IMAGE...]",
    .summary = "Remove one or more images",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = rmi_rows,
    .options_size = sizeof(struct rmi_options),
    .run = rmi_run,
};
