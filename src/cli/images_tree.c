#include "cli/images_tree.h"

#include "base/text.h"
#include "cli/listing.h"
#include "cli/show.h"
#include "docker/image.h"
#include "docker/size.h"

#include <stdlib.h>
#include <string.h>

enum { ID_WIDTH = 12, DISK_WIDTH = 10, CONTENT_WIDTH = 12, NAME_LEAST = 12, GAP = 3 };

struct node {
	struct image_summary image;
	const char *platform;
};

struct tree {
	struct cli *cli;
	struct node *nodes;
	size_t count, width; /* of the names */
};

static size_t names_width(const struct node *node)
{
	size_t widest = text_width(node->platform) + 3;
	for (char **tag = node->image.repo_tags; tag && *tag; tag++) {
		size_t width = text_width(show_image(*tag));
		widest = width > widest ? width : widest;
	}
	return widest;
}

static const char *first_name(const struct node *node)
{
	return node->image.repo_tags && node->image.repo_tags[0] ? show_image(node->image.repo_tags[0]) : NULL;
}

/* By name; what has none comes last. */
static int node_order(const void *a, const void *b)
{
	const char *one = first_name(a), *other = first_name(b);
	if (!one || !other)
		return !one - !other;
	return strcmp(one, other);
}

static int platform_read(struct tree *tree, struct node *node, struct err *err)
{
	struct image_inspect inspect = {0};
	struct cli *cli = tree->cli;
	const struct client_request request = {.method = "GET",
					       .path = cli_path(cli, "/images/%s/json", node->image.id)};
	int rc = client_struct(&cli->client, &request, &table_image_inspect, &inspect, err);
	if (rc < 0)
		return rc;
	bool variant = !text_empty(inspect.variant);
	node->platform = arena_printf(&cli->arena, "%s/%s%s%s", inspect.os ? inspect.os : "linux",
				      inspect.architecture ? inspect.architecture : "", variant ? "/" : "",
				      variant ? inspect.variant : "");
	return 0;
}

static void name_print(const struct tree *tree, const char *name)
{
	print("%s%*s", name, (int)(tree->width > text_width(name) ? tree->width - text_width(name) : 0), "");
}

static void columns_print(const struct tree *tree, const struct node *node)
{
	char size[SIZE_TEXT];
	size_decimal(node->image.size, 3, size);
	print("%*s%-*s%*s%*s%*s%*s%*s%s\n", GAP, "", ID_WIDTH, show_id(&tree->cli->arena, node->image.id, false), GAP,
	      "", DISK_WIDTH, size, GAP, "", CONTENT_WIDTH, size, GAP, "", node->image.containers > 0 ? "U" : " ");
}

static void node_print(const struct tree *tree, const struct node *node)
{
	char **tags = node->image.repo_tags;
	if (!tags || !tags[0])
		name_print(tree, "<untagged>");
	for (char **tag = tags; tag && *tag; tag++) {
		name_print(tree, show_image(*tag));
		if (tag[1])
			print("\n");
	}
	columns_print(tree, node);
	name_print(tree, arena_printf(&tree->cli->arena, "\u2514\u2500 %s", node->platform));
	columns_print(tree, node);
}

int images_tree(struct cli *cli, const char *path, struct err *err)
{
	struct tree tree = {.cli = cli, .width = NAME_LEAST};
	const struct json *list;
	const struct client_request request = {.method = "GET", .path = path};
	int rc = client_json(&cli->client, &request, &list, err);
	if (rc < 0)
		return rc;
	tree.nodes = arena_array(&cli->arena, struct node, list->count + 1);
	/* The list lives in the client's arena, which the next request reuses: all of it is decoded first. */
	for (size_t i = 0; rc == 0 && i < list->count; i++)
		rc = json_decode(&cli->arena, &table_image_summary, list->items[i], JSON_FOLD_CASE,
				 &tree.nodes[tree.count++].image, err);
	for (size_t i = 0; rc == 0 && i < tree.count; i++) {
		rc = platform_read(&tree, &tree.nodes[i], err);
		if (rc < 0)
			break;
		size_t width = names_width(&tree.nodes[i]);
		tree.width = width > tree.width ? width : tree.width;
	}
	if (rc < 0)
		return rc;
	if (tree.count > 1)
		qsort(tree.nodes, tree.count, sizeof *tree.nodes, node_order);
	name_print(&tree, "IMAGE");
	print("%*s%-*s%*s%*s%*s%*s%*s%s\n", GAP, "", ID_WIDTH, "ID", GAP, "", DISK_WIDTH, "DISK USAGE", GAP, "",
	      CONTENT_WIDTH, "CONTENT SIZE", GAP, "", "EXTRA");
	for (size_t i = 0; i < tree.count; i++) {
		if (i > 0)
			print("\n");
		node_print(&tree, &tree.nodes[i]);
	}
	return 0;
}
