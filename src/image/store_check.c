#include "image/store_check.h"

#include "base/text.h"
#include "docker/reference.h"
#include "image/store_schema.h"

#include <string.h>

enum { OBJECTS_MAX = 1 << 20 };

static int layers_list(struct image_store *store, struct arena *arena, struct fsck_spec *spec, struct err *err)
{
	auto_query struct query *query = NULL;
	size_t room = 0;
	int rc = database_query(store->database,
				"SELECT layer.diff_id, (SELECT digest FROM layer_blob WHERE layer_blob.diff_id = "
				"layer.diff_id ORDER BY stored LIMIT 1) FROM layer ORDER BY 1",
				NULL, &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		rc = 0;
		if (spec->layers.count == room) {
			struct fsck_layer *grown = arena_array(arena, struct fsck_layer, room = room ? 2 * room : 64);
			if (spec->layers.count > 0)
				memcpy(grown, spec->layers.items, spec->layers.count * sizeof *grown);
			spec->layers.items = grown;
		}
		const char *blob = query_text(query, 1);
		spec->layers.items[spec->layers.count++] = (struct fsck_layer){
		    arena_strdup(arena, query_text(query, 0)), blob ? arena_strdup(arena, blob) : NULL};
	}
	return rc;
}

static int blobs_list(struct image_store *store, struct arena *arena, struct fsck_spec *spec, struct err *err)
{
	auto_query struct query *query = NULL;
	size_t count = 0, room = 64;
	char **list = arena_array(arena, char *, room + 1);
	int rc = database_query(store->database,
				"SELECT id FROM image UNION SELECT digest FROM manifest UNION SELECT digest FROM "
				"layer_blob ORDER BY 1",
				NULL, &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		rc = 0;
		if (count == room) {
			char **grown = arena_array(arena, char *, 2 * room + 1);
			memcpy(grown, list, count * sizeof *list);
			list = grown;
			room *= 2;
		}
		list[count++] = arena_strdup(arena, query_text(query, 0));
	}
	spec->blobs = list;
	return rc;
}

int image_check_list(struct image_store *store, struct arena *arena, struct fsck_spec *out_spec, struct err *err)
{
	struct fsck_spec spec = {0};
	int rc = layers_list(store, arena, &spec, err);
	if (rc == 0)
		rc = blobs_list(store, arena, &spec, err);
	if (rc == 0)
		*out_spec = spec;
	return rc;
}

char *image_check_users(struct image_store *store, struct arena *arena, const char *digest)
{
	auto_query struct query *query = NULL;
	auto_buf text = BUF_INIT(64 << 10);
	struct err ignored;
	int rc = database_query(
	    store->database,
	    "SELECT coalesce((SELECT group_concat(name, ', ') FROM tag WHERE tag.image = image.id), substr(id, 8, 12)) "
	    "FROM image WHERE id = ?1 OR id IN (SELECT image FROM image_layer WHERE diff_id = ?1) "
	    "OR id IN (SELECT image FROM manifest WHERE digest = ?1) "
	    "OR id IN (SELECT image FROM image_layer JOIN layer_blob USING (diff_id) WHERE digest = ?1)",
	    BIND(bind_text(digest)), &query, &ignored);
	while (rc == 0 && query_next(query, &ignored) > 0) {
		auto_strv char **names = strv_split(query_text(query, 0), ',');
		for (char **name = names; *name; name++) {
			struct reference reference;
			char shown[REFERENCE_TEXT_MAX];
			const char *bare = *name + (**name == ' ');
			bool readable = strchr(bare, '/') && reference_parse(bare, &reference, &ignored) == 0;
			if (readable)
				reference_familiar(&reference, shown);
			buf_printf(&text, "%s%s", text.len ? ", " : "", readable ? shown : bare);
		}
	}
	return arena_strdup(arena, buf_str(&text));
}

int image_check_record(struct image_store *store, void (*tell)(void *cookie, const char *object, const char *problem),
		       void *cookie, struct err *err)
{
	static const struct {
		const char *sql, *problem;
	} rows[] = {
	    {"PRAGMA quick_check(100)", NULL},
	    {"SELECT image FROM image_layer WHERE NOT EXISTS (SELECT 1 FROM layer WHERE layer.diff_id = "
	     "image_layer.diff_id)",
	     "one of its layers is not in the record"},
	    {"SELECT name FROM tag WHERE NOT EXISTS (SELECT 1 FROM image WHERE image.id = tag.image)",
	     "a name of an image that is not in the record"},
	    {"SELECT image FROM image_layer GROUP BY image HAVING max(position) + 1 <> count(*)",
	     "a layer is missing in its list"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_query struct query *query = NULL;
		int rc = database_query(store->database, rows[i].sql, NULL, &query, err);
		while (rc == 0 && (rc = query_next(query, err)) > 0) {
			rc = 0;
			const char *text = query_text(query, 0);
			if (rows[i].problem)
				tell(cookie, text, rows[i].problem);
			else if (text && !text_equal(text, "ok"))
				tell(cookie, "tug.db", text);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int image_check_forget(struct image_store *store, const char *digest, struct err *err)
{
	int64_t changes = 0;
	int rc = database_begin(store->database, err);
	if (rc < 0)
		return rc;
	rc = database_run(store->database, "DELETE FROM manifest WHERE digest = ?", BIND(bind_text(digest)), err);
	changes += database_changes(store->database);
	if (rc == 0)
		rc = database_run(store->database, "DELETE FROM layer_blob WHERE digest = ?", BIND(bind_text(digest)),
				  err);
	changes += database_changes(store->database);
	if (rc < 0) {
		database_rollback(store->database);
		return rc;
	}
	rc = database_commit(store->database, err);
	if (rc == 0 && changes > 0)
		rc = image_store_sweep(store, err);
	return rc < 0 ? rc : changes > 0;
}

int image_check_replace(struct image_store *store, int staging, const struct image_job_layer *layer, struct err *err)
{
	struct digest diff_id;
	int rc = digest_parse(layer->diff_id, &diff_id, err);
	if (rc == 0)
		rc = layers_remove(store->data, &diff_id, err);
	return rc < 0 ? rc : layers_publish(store->data, staging, layer->name, &diff_id, err);
}
