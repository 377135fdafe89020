#include "engine/image_prune.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/prune.h"
#include "engine/engine_state.h"
#include "engine/image_use.h"
#include "engine/job.h"
#include "engine/prune.h"
#include "engine/query_filters.h"
#include "image/store_blobs.h"
#include "image/store_query.h"

#include <string.h>

struct image_pruning {
	struct engine *engine;
	struct arena *arena;
	struct filters filters;
	bool dangling;
	int64_t until_ns;
	struct engine_deleted_list deleted;
	size_t room;
};

static int filters_take(struct image_pruning *pruning, const struct engine_query *query, struct err *err)
{
	static const char *const known[] = {"dangling", "until", "label", "label!", NULL};
	query_filters(pruning->arena, query, &pruning->filters);
	pruning->dangling = true;
	int rc = query_filters_check(&pruning->filters, known, err);
	if (rc == 0)
		rc = filters_bool(&pruning->filters, "dangling", &pruning->dangling, err);
	return rc < 0 ? rc : prune_until(&pruning->filters, time_wall_ns(), &pruning->until_ns, err);
}

/* 1: to be removed */
static int image_chosen(struct image_pruning *pruning, const struct image *image, struct err *err)
{
	char container[13];
	struct oci_image config;
	bool named = image->tags && image->tags[0];
	if ((pruning->dangling && named) || image->created_ns >= pruning->until_ns ||
	    image_use_find(pruning->engine, &image->id, container) != IMAGE_UNUSED)
		return 0;
	if (!filters_values(&pruning->filters, "label") && !filters_values(&pruning->filters, "label!"))
		return 1;
	int rc = image_config(pruning->engine->images, pruning->arena, &image->id, &config, err);
	const struct json_map none = {0};
	return rc < 0 ? rc : prune_fits_labels(&pruning->filters, config.config ? &config.config->labels : &none);
}

static void deleted_add(struct image_pruning *pruning, const struct engine_deleted_list *list)
{
	struct engine_deleted_list *all = &pruning->deleted;
	if (all->count + list->count > pruning->room) {
		pruning->room = 2 * (all->count + list->count) + 16;
		struct image_deleted *grown = arena_array(pruning->arena, struct image_deleted, pruning->room);
		if (all->count > 0)
			memcpy(grown, all->items, all->count * sizeof *grown);
		all->items = grown;
	}
	for (size_t i = 0; i < list->count; i++)
		all->items[all->count++] = list->items[i];
}

/* Name by name, as rmi does it; the last one takes the image along. */
static int image_drop(struct image_pruning *pruning, const struct image *image, struct err *err)
{
	struct engine_deleted_list list;
	char *const by_id[] = {(char *)image->id.text, NULL};
	char *const *names = image->tags && image->tags[0] ? image->tags : by_id;
	int rc = 0;
	for (; rc == 0 && *names; names++) {
		rc = engine_image_remove(pruning->engine, pruning->arena, *names, false, &list, err);
		if (rc == 0)
			deleted_add(pruning, &list);
	}
	return rc;
}

static int images_drop(struct image_pruning *pruning, struct err *err)
{
	struct image_list list;
	int rc = image_list(pruning->engine->images, pruning->arena, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		rc = image_chosen(pruning, &list.items[i], err);
		/* A configuration that cannot be read keeps its image: fsck says what is wrong with it. */
		if (rc == -EBADMSG || rc == -ENOENT)
			rc = 0;
		if (rc > 0)
			rc = image_drop(pruning, &list.items[i], err);
	}
	return rc;
}

int engine_image_prune(struct engine *engine, struct arena *arena, const struct engine_query *query,
		       struct engine_image_prune *out_prune, struct err *err)
{
	struct image_pruning pruning = {.engine = engine, .arena = arena};
	uint64_t before, after;
	struct err ending;
	int rc = filters_take(&pruning, query, err);
	if (rc == 0)
		rc = image_layers_total(engine->images, &before, err);
	if (rc == 0)
		rc = image_batch_begin(engine->images, err);
	if (rc < 0)
		return rc;
	rc = images_drop(&pruning, err);
	int end = image_batch_end(engine->images, rc < 0 ? &ending : err);
	if (rc == 0)
		rc = end;
	if (rc == 0)
		rc = image_layers_total(engine->images, &after, err);
	if (rc < 0)
		return rc;
	*out_prune = (struct engine_image_prune){pruning.deleted, after < before ? (int64_t)(before - after) : 0};
	/* With -a also what pulls have left that never came to their end. */
	uint64_t unfinished = 0;
	if (!pruning.dangling && !engine->pulls)
		rc = image_downloads_clear(engine->images, &unfinished, err);
	if (rc < 0)
		return rc;
	out_prune->reclaimed += (int64_t)unfinished;
	auto_free char *text = x_printf("%lld", (long long)out_prune->reclaimed);
	struct json_pair pair = {(char *)"reclaimed", text};
	event_publish(&engine->bus, "image", "prune", "", &(struct json_map){&pair, 1}, NULL);
	job_trash(engine);
	return 0;
}
