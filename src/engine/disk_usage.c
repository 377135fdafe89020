#include "engine/disk_usage.h"

#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "engine/build.h"
#include "engine/call.h"
#include "engine/engine_state.h"
#include "engine/usage.h"
#include "engine/volumes.h"
#include "storage/layers.h"
#include "storage/volume.h"

#include <stdlib.h>

/* One measurement under way: the names, in order layers, containers, volumes. */
struct measure {
	struct usage usage;
	struct engine *engine;
	struct engine_call *calls; /* at most one: the request's */
	struct arena arena;
	char **names;
	size_t count, layer_count;
};

static const char *const migrations[] = {
    "CREATE TABLE layer_usage (layer TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT",
};

int disk_usage_migrate(struct database *database, struct err *err)
{
	return database_migrate(database, "layer_usage", migrations, array_size(migrations), err);
}

static int layer_known(struct database *database, const char *layer, int64_t *out_bytes)
{
	struct err ignored;
	auto_query struct query *query = NULL;
	int more = database_query(database, "SELECT bytes FROM layer_usage WHERE layer = ?", BIND(bind_text(layer)),
				  &query, &ignored);
	if (more == 0)
		more = query_next(query, &ignored);
	if (more == 1)
		*out_bytes = query_i64(query, 0);
	return more;
}

/* --- what is measured --- */

static void name_add(struct measure *measure, size_t *room, char *name)
{
	if (measure->count == *room) {
		*room = 2 * measure->count + 64;
		char **more = arena_array(&measure->arena, char *, *room + 1);
		for (size_t i = 0; i < measure->count; i++)
			more[i] = measure->names[i];
		measure->names = more;
	}
	measure->names[measure->count++] = name;
	measure->names[measure->count] = NULL;
}

/* "layers/HEX" */
static char *layer_name(struct arena *arena, const char *diff_id)
{
	const char *hex = text_after(diff_id, "sha256:");
	return arena_printf(arena, "layers/%s", hex ? hex : diff_id);
}

static int layers_collect(struct measure *measure, size_t *room, struct err *err)
{
	struct map seen = {0};
	struct image_list list;
	int rc = image_list(measure->engine->images, &measure->arena, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		for (char **layer = list.items[i].layers; layer && *layer; layer++) {
			int64_t bytes;
			char *name = layer_name(&measure->arena, *layer);
			if (!map_put(&seen, name, measure) && layer_known(measure->engine->database, name, &bytes) != 1)
				name_add(measure, room, name);
		}
	}
	map_done(&seen);
	measure->layer_count = measure->count;
	return rc;
}

static int names_collect(struct measure *measure, const struct engine_disk_usage *request, struct err *err)
{
	struct volume_list volumes = {0};
	size_t room = 0;
	int rc = request->images || request->containers ? layers_collect(measure, &room, err) : 0;
	for (const struct container *at = measure->engine->containers; request->containers && at; at = at->next)
		name_add(measure, &room, arena_printf(&measure->arena, "containers/%s", at->id));
	if (rc == 0 && request->volumes)
		rc = volume_all(measure->engine->database, &measure->arena, &volumes, err);
	for (size_t i = 0; i < volumes.count; i++)
		name_add(measure, &room, arena_printf(&measure->arena, "volumes/%s", volumes.items[i].name));
	return rc;
}

/* --- the answer --- */

struct sizes {
	const struct measure *measure;
	const int64_t *bytes;
};

static int64_t size_by_name(const struct sizes *sizes, const char *name)
{
	for (size_t i = 0; sizes->bytes && i < sizes->measure->count; i++) {
		if (text_equal(sizes->measure->names[i], name))
			return sizes->bytes[i];
	}
	return 0;
}

static int64_t layer_size(const struct sizes *sizes, struct arena *arena, const char *diff_id)
{
	int64_t bytes = 0;
	const char *name = layer_name(arena, diff_id);
	if (layer_known(sizes->measure->engine->database, name, &bytes) != 1)
		bytes = size_by_name(sizes, name);
	return bytes;
}

static int64_t containers_of(const struct engine *engine, const char *image, bool *out_any)
{
	int64_t count = 0;
	for (const struct container *at = engine->containers; at; at = at->next)
		count += text_equal(at->document.image_id, image);
	*out_any = *out_any || count > 0;
	return count;
}

/* How many images have a layer, and whether one of them is in use. */
struct layer_use {
	size_t images;
	bool active, counted;
};

static struct layer_use *layer_use_of(struct map *uses, struct arena *arena, const char *layer)
{
	struct layer_use *use = map_get(uses, layer);
	if (!use) {
		use = arena_new(arena, struct layer_use);
		map_put(uses, layer, use);
	}
	return use;
}

static void image_measure(const struct sizes *sizes, struct arena *arena, struct map *uses, const struct image *image,
			  struct image_summary *summary, struct disk_usage_images *part)
{
	summary->size = summary->shared_size = 0;
	for (char **layer = image->layers; layer && *layer; layer++) {
		struct layer_use *use = layer_use_of(uses, arena, *layer);
		int64_t bytes = layer_size(sizes, arena, *layer);
		summary->size += bytes;
		summary->shared_size += use->images > 1 ? bytes : 0;
		if (use->counted)
			continue;
		use->counted = true;
		part->total_size += bytes;
		part->reclaimable += use->active ? 0 : bytes;
	}
}

static int images_answer(const struct sizes *sizes, struct arena *arena, struct disk_usage_images **out_part,
			 struct err *err)
{
	struct engine *engine = sizes->measure->engine;
	struct disk_usage_images *part = arena_new(arena, struct disk_usage_images);
	const struct engine_query query = {.all = true};
	struct engine_image_list summaries;
	struct image_list list;
	struct map uses = {0};
	int rc = engine_images(engine, arena, &query, &summaries, err);
	if (rc == 0)
		rc = image_list(engine->images, arena, &list, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list.count; i++) {
		bool active = false;
		containers_of(engine, list.items[i].id.text, &active);
		for (char **layer = list.items[i].layers; layer && *layer; layer++) {
			struct layer_use *use = layer_use_of(&uses, arena, *layer);
			use->images++;
			use->active = use->active || active;
		}
	}
	for (size_t i = 0; i < summaries.count; i++) {
		struct image_summary *summary = &summaries.items[i];
		bool active = false;
		summary->containers = containers_of(engine, summary->id, &active);
		part->active_count += active;
		for (size_t k = 0; k < list.count; k++) {
			if (text_equal(list.items[k].id.text, summary->id))
				image_measure(sizes, arena, &uses, &list.items[k], summary, part);
		}
	}
	part->items.items = summaries.items;
	part->items.count = summaries.count;
	part->total_count = (int64_t)summaries.count;
	map_done(&uses);
	*out_part = part;
	return 0;
}

static int64_t image_total(const struct sizes *sizes, struct arena *arena, const char *id)
{
	struct digest digest;
	struct image image;
	struct err ignored;
	int64_t total = 0;
	if (digest_parse(id, &digest, &ignored) < 0 ||
	    image_find_id(sizes->measure->engine->images, arena, &digest, &image, &ignored) < 0)
		return 0;
	for (char **layer = image.layers; layer && *layer; layer++)
		total += layer_size(sizes, arena, *layer);
	return total;
}

static int containers_answer(const struct sizes *sizes, struct arena *arena, struct disk_usage_containers **out_part,
			     struct err *err)
{
	struct engine *engine = sizes->measure->engine;
	struct disk_usage_containers *part = arena_new(arena, struct disk_usage_containers);
	const struct engine_query query = {.all = true};
	struct engine_list list;
	int rc = engine_list(engine, arena, &query, &list, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list.count; i++) {
		struct container_summary *summary = &list.items[i];
		bool active = text_equal(summary->state, "running") || text_equal(summary->state, "paused") ||
			      text_equal(summary->state, "restarting");
		int64_t size = size_by_name(sizes, arena_printf(arena, "containers/%s", summary->id));
		summary->size_rw = arena_new(arena, int64_t);
		summary->size_root_fs = arena_new(arena, int64_t);
		*summary->size_rw = size;
		*summary->size_root_fs = size + image_total(sizes, arena, summary->image_id);
		part->active_count += active;
		part->total_size += size;
		part->reclaimable += active ? 0 : size;
	}
	part->items.items = list.items;
	part->items.count = list.count;
	part->total_count = (int64_t)list.count;
	*out_part = part;
	return 0;
}

static int volumes_answer(const struct sizes *sizes, struct arena *arena, struct disk_usage_volumes **out_part,
			  struct err *err)
{
	struct engine *engine = sizes->measure->engine;
	struct disk_usage_volumes *part = arena_new(arena, struct disk_usage_volumes);
	const struct engine_query query = {0};
	struct volume_list_answer list;
	int rc = engine_volume_list(engine, arena, &query, &list, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list.volumes.count; i++) {
		struct volume_info *info = &list.volumes.items[i];
		info->usage = arena_new(arena, struct volume_usage);
		info->usage->ref_count = (int64_t)volumes_users(engine, info->name, NULL);
		info->usage->size = size_by_name(sizes, arena_printf(arena, "volumes/%s", info->name));
		part->active_count += info->usage->ref_count > 0;
		part->total_size += info->usage->size;
		part->reclaimable += info->usage->ref_count > 0 ? 0 : info->usage->size;
	}
	part->items.items = list.volumes.items;
	part->items.count = list.volumes.count;
	part->total_count = (int64_t)list.volumes.count;
	*out_part = part;
	return 0;
}

static int builds_answer(struct engine *engine, struct arena *arena, struct disk_usage_builds **out_part,
			 struct err *err)
{
	struct disk_usage_builds *part = arena_new(arena, struct disk_usage_builds);
	struct engine_build_cache cache;
	int rc = engine_build_cache(engine, arena, &cache, err);
	if (rc < 0)
		return rc;
	part->items.items = cache.items;
	part->items.count = cache.count;
	part->total_count = (int64_t)cache.count;
	part->total_size = cache.size;
	for (size_t i = 0; i < cache.count; i++) {
		const struct build_cache_record *record = &cache.items[i];
		part->active_count += record->in_use;
		part->reclaimable += record->in_use || record->shared ? 0 : record->size;
	}
	*out_part = part;
	return 0;
}

static int answer_fill(const struct sizes *sizes, struct engine_disk_usage *request, struct err *err)
{
	struct disk_usage usage = {0};
	int rc = request->images ? images_answer(sizes, request->arena, &usage.images, err) : 0;
	if (rc == 0 && request->containers)
		rc = containers_answer(sizes, request->arena, &usage.containers, err);
	if (rc == 0 && request->volumes)
		rc = volumes_answer(sizes, request->arena, &usage.volumes, err);
	if (rc == 0 && request->builds)
		rc = builds_answer(sizes->measure->engine, request->arena, &usage.builds, err);
	if (rc == 0)
		request->usage = usage;
	return rc;
}

/* Layers never change: measured once. */
static void layers_keep(const struct measure *measure, const int64_t *bytes)
{
	struct database *database = measure->engine->database;
	struct err err;
	if (measure->layer_count == 0 || database_begin(database, &err) < 0)
		return;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < measure->layer_count; i++)
		rc = database_run(database, "INSERT OR REPLACE INTO layer_usage VALUES (?, ?)",
				  BIND(bind_text(measure->names[i]), bind_i64(bytes[i])), &err);
	if (rc == 0)
		rc = database_commit(database, &err);
	else
		database_rollback(database);
	if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot keep the sizes of layers", NULL);
}

static void measure_free(struct measure *measure)
{
	arena_done(&measure->arena);
	free(measure);
}

static void measure_end(struct measure *measure, const int64_t *bytes, const struct err *failure)
{
	const struct sizes sizes = {measure, bytes};
	struct err err;
	int rc = 0;
	if (!failure && bytes)
		layers_keep(measure, bytes);
	if (!failure && measure->calls)
		rc = answer_fill(&sizes, container_of(measure->calls, struct engine_disk_usage, call), &err);
	call_done_all(&measure->calls, failure ? failure : rc < 0 ? &err : NULL);
	measure_free(measure);
}

static void measured(struct usage *usage, const int64_t *sizes, const struct err *err)
{
	measure_end(container_of(usage, struct measure, usage), sizes, err);
}

static void abandoned(struct usage *usage)
{
	measure_free(container_of(usage, struct measure, usage));
}

void engine_disk_usage(struct engine *engine, struct engine_disk_usage *request)
{
	struct measure *measure = x_alloc(sizeof *measure);
	struct err err;
	*measure = (struct measure){.engine = engine, .usage = {.done = measured, .abandoned = abandoned}};
	int rc = names_collect(measure, request, &err);
	if (rc < 0) {
		measure_free(measure);
		request->call.done(&request->call, &err);
		return;
	}
	call_add(&measure->calls, &request->call);
	if (measure->count == 0)
		measure_end(measure, NULL, NULL);
	else if (usage_start(engine, &measure->usage, measure->names, &err) < 0)
		measure_end(measure, NULL, &err);
}
