#include "image/store_query.h"

#include "image/store_schema.h"

#include <stdlib.h>

int image_layer_sizes(struct image_store *store, struct arena *arena, const struct digest *id, uint64_t **out_sizes,
		      size_t *out_count, struct err *err)
{
	enum { LAYERS_MAX = 4096 };
	auto_query struct query *query = NULL;
	uint64_t sizes[LAYERS_MAX];
	size_t count = 0;
	int rc = database_query(store->database,
				"SELECT size FROM image_layer JOIN layer USING (diff_id) WHERE image = ? "
				"ORDER BY position",
				BIND(bind_text(id->text)), &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0 && count < LAYERS_MAX) {
		sizes[count++] = (uint64_t)query_i64(query, 0);
		rc = 0;
	}
	if (rc < 0)
		return rc;
	*out_sizes = arena_array(arena, uint64_t, count + 1);
	for (size_t i = 0; i < count; i++)
		(*out_sizes)[i] = sizes[i];
	*out_count = count;
	return 0;
}

static int total(struct image_store *store, const char *sql, const struct bind *binds, uint64_t *out_size,
		 struct err *err)
{
	auto_query struct query *query = NULL;
	int rc = database_query(store->database, sql, binds, &query, err);
	if (rc == 0)
		rc = query_next(query, err);
	if (rc < 0)
		return rc;
	*out_size = rc > 0 ? (uint64_t)query_i64(query, 0) : 0;
	return 0;
}

int image_shared_size(struct image_store *store, const struct digest *id, uint64_t *out_size, struct err *err)
{
	return total(
	    store,
	    "SELECT total(size) FROM layer WHERE diff_id IN (SELECT diff_id FROM image_layer WHERE image = ?1) "
	    "AND EXISTS (SELECT 1 FROM image_layer WHERE image_layer.diff_id = layer.diff_id AND image <> ?1)",
	    BIND(bind_text(id->text)), out_size, err);
}

int image_layers_total(struct image_store *store, uint64_t *out_size, struct err *err)
{
	return total(store, "SELECT total(size) FROM layer", NULL, out_size, err);
}

int image_batch_begin(struct image_store *store, struct err *err)
{
	int rc = database_begin(store->database, err);
	store->batch = rc == 0;
	return rc;
}

int image_batch_end(struct image_store *store, struct err *err)
{
	store->batch = false;
	int rc = database_commit(store->database, err);
	return rc < 0 ? rc : image_store_sweep(store, err);
}

/* --- labels --- */

enum { LABELS_KEPT = 8192 };

struct kept {
	struct arena arena;
	struct json_map labels;
};

static void labels_copy(struct arena *arena, const struct json_map *from, struct json_map *to)
{
	to->count = 0;
	to->items = arena_array(arena, struct json_pair, from->count + 1);
	for (; to->count < from->count; to->count++)
		to->items[to->count] = (struct json_pair){arena_strdup(arena, from->items[to->count].key),
							  arena_strdup(arena, from->items[to->count].value)};
}

void store_labels_forget(struct image_store *store)
{
	size_t position = 0;
	const char *key;
	void *value;
	while (map_next(&store->labels, &position, &key, &value)) {
		struct kept *kept = value;
		arena_done(&kept->arena);
		free(kept);
	}
	map_done(&store->labels);
	store->labels = (struct map){0};
}

int image_labels(struct image_store *store, struct arena *arena, const struct digest *id, struct json_map *out_labels,
		 struct err *err)
{
	auto_arena scratch = {0};
	struct oci_image config = {0};
	const struct json_map none = {0};
	struct kept *kept = map_get(&store->labels, id->text);
	if (kept) {
		labels_copy(arena, &kept->labels, out_labels);
		return 0;
	}
	int rc = image_config(store, &scratch, id, &config, err);
	if (rc == -EBADMSG || rc == -ENOENT || rc == -EINVAL) {
		*out_labels = none;
		return 0;
	}
	if (rc < 0)
		return rc;
	if (store->labels.count >= LABELS_KEPT)
		store_labels_forget(store);
	kept = x_alloc(sizeof *kept);
	labels_copy(&kept->arena, config.config ? &config.config->labels : &none, &kept->labels);
	(void)map_put(&store->labels, id->text, kept);
	labels_copy(arena, &kept->labels, out_labels);
	return 0;
}
