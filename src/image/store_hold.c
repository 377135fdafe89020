/* Layers that stay without an image. */
#include "image/store_schema.h"

#include "base/text.h"

int store_drop_layers(struct image_store *store, struct err *err)
{
	return database_run(store->database,
			    "DELETE FROM layer WHERE NOT EXISTS "
			    "(SELECT 1 FROM image_layer WHERE image_layer.diff_id = layer.diff_id) AND NOT EXISTS "
			    "(SELECT 1 FROM layer_hold WHERE layer_hold.diff_id = layer.diff_id)",
			    NULL, err);
}

int image_hold(struct image_store *store, const char *owner, int staging, const struct image_job_layer *layer,
	       struct err *err)
{
	int result = database_begin(store->database, err);
	if (result < 0)
		return result;
	if (!text_empty(layer->name))
		result = store_put_layer(store, staging, layer, err);
	if (result == 0)
		result =
		    database_run(store->database, "INSERT OR IGNORE INTO layer_hold (owner, diff_id) VALUES (?, ?)",
				 BIND(bind_text(owner), bind_text(layer->diff_id)), err);
	if (result == 0)
		return database_commit(store->database, err);
	database_rollback(store->database);
	return result;
}

int image_release(struct image_store *store, const char *owner, struct err *err)
{
	return database_run(store->database, "DELETE FROM layer_hold WHERE owner = ?", BIND(bind_text(owner)), err);
}

int image_hold_sweep(struct image_store *store, struct err *err)
{
	int result = store_drop_layers(store, err);
	return result < 0 ? result : image_store_sweep(store, err);
}

bool image_layer_known(struct image_store *store, const char *diff_id)
{
	auto_query struct query *query = NULL;
	struct err ignored;
	return database_query(store->database, "SELECT 1 FROM layer WHERE diff_id = ?", BIND(bind_text(diff_id)),
			      &query, &ignored) == 0 &&
	       query_next(query, &ignored) > 0;
}
