#include "cli/prune.h"

#include "base/text.h"
#include "cli/filter_query.h"
#include "docker/size.h"

const struct prune_kind prune_containers = {"/containers/prune", "ContainersDeleted", "Deleted Containers:"};
const struct prune_kind prune_networks = {"/networks/prune", "NetworksDeleted", "Deleted Networks:"};
const struct prune_kind prune_volumes = {"/volumes/prune", "VolumesDeleted", "Deleted Volumes:"};
const struct prune_kind prune_images = {"/images/prune", "ImagesDeleted", "Deleted Images:"};
const struct prune_kind prune_builds = {"/build/prune", "CachesDeleted", "Deleted build cache objects:"};

/* A name, or {"Untagged": ...} or {"Deleted": ...}. */
static void item_print(const struct json *item)
{
	const struct json *untagged = json_get(item, "Untagged"), *deleted = json_get(item, "Deleted");
	if (item->kind == JSON_STRING)
		print("%s\n", item->text);
	if (untagged && untagged->kind == JSON_STRING && *untagged->text)
		print("untagged: %s\n", untagged->text);
	if (deleted && deleted->kind == JSON_STRING && *deleted->text)
		print("deleted: %s\n", deleted->text);
}

int prune_run(struct cli *cli, const struct prune_kind *kind, char *const *filters, const char *more,
	      int64_t *reclaimed, struct err *err)
{
	auto_strv char **list = strv_copy(filters);
	auto_buf path = BUF_INIT(1 << 20);
	const struct json *answer;
	int64_t bytes = 0;
	if (more)
		strv_push(&list, x_strdup(more));
	buf_printf(&path, "%s?", kind->path);
	int rc = filter_query(list, &path, err);
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	if (rc == 0)
		rc = client_json(&cli->client, &request, &answer, err);
	if (rc < 0)
		return rc;
	const struct json *items = json_get(answer, kind->list), *space = json_get(answer, "SpaceReclaimed");
	if (items && items->kind == JSON_ARRAY && items->count > 0) {
		print("%s\n", kind->title);
		for (size_t i = 0; i < items->count; i++)
			item_print(items->items[i]);
		print("\n");
	}
	if (space && space->kind == JSON_NUMBER && json_number_i64(space, &bytes) == 0)
		*reclaimed += bytes;
	return 0;
}

void prune_total(int64_t reclaimed)
{
	char size[SIZE_TEXT];
	size_decimal(reclaimed, 4, size);
	print("Total reclaimed space: %s\n", size);
}
