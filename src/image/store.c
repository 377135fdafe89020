#include "image/store.h"

#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/reference.h"
#include "image/hello.h"
#include "image/job.h"
#include "image/store_blobs.h"
#include "image/store_schema.h"
#include "storage/content.h"
#include "storage/data.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <string.h>

static const char *const schema[] = {
    "CREATE TABLE layer (diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, opaque INTEGER NOT NULL) STRICT;"
    /* hidden: removed, but containers still use it */
    "CREATE TABLE image (id TEXT PRIMARY KEY, created INTEGER NOT NULL, stored INTEGER NOT NULL,"
    "  hidden INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE image_layer (image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,"
    "  position INTEGER NOT NULL, diff_id TEXT NOT NULL REFERENCES layer(diff_id),"
    "  PRIMARY KEY (image, position)) STRICT;"
    "CREATE INDEX image_layer_diff_id ON image_layer (diff_id);"
    "CREATE TABLE tag (name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE) STRICT;"
    "CREATE INDEX tag_image ON tag (image)",
    /* layers that stay without an image: a build's cache */
    "CREATE TABLE layer_hold (owner TEXT NOT NULL, diff_id TEXT NOT NULL REFERENCES layer(diff_id),"
    "  PRIMARY KEY (owner, diff_id)) STRICT;"
    "CREATE INDEX layer_hold_diff_id ON layer_hold (diff_id)",
};

int image_store_open(struct database *database, int data, struct image_store **out_store, struct err *err)
{
	int result = database_migrate(database, "image", schema, array_size(schema), err);
	if (result == 0)
		result = image_blobs_migrate(database, err);
	if (result < 0)
		return result;
	struct image_store *store = x_alloc(sizeof *store);
	*store = (struct image_store){.database = database, .data = data};
	result = image_store_sweep(store, err);
	if (result < 0) {
		free(store);
		return result;
	}
	*out_store = store;
	return 0;
}

void image_store_close(struct image_store *store)
{
	if (store)
		store_labels_forget(store);
	free(store);
}

/* --- files that nobody refers to --- */

static int row_exists(struct image_store *store, const char *sql, const char *key, struct err *err)
{
	auto_query struct query *query = NULL;
	int result = database_query(store->database, sql, BIND(bind_text(key)), &query, err);
	return result < 0 ? result : query_next(query, err);
}

static int sweep_folder(struct image_store *store, const char *folder, const char *sql, struct err *err)
{
	int fd = openat(store->data, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_fd(&fd);
		return err_sys(err, "read %s", folder);
	}
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		char key[7 + 256 + 1];
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		snprintf(key, sizeof key, "sha256:%s", entry->d_name);
		int result = row_exists(store, sql, key, err);
		if (result == 0)
			result = trash_put(store->data, dirfd(dir), entry->d_name, err);
		if (result < 0)
			return result;
	}
	return 0;
}

int image_store_sweep(struct image_store *store, struct err *err)
{
	if (store->batch)
		return 0;
	int result = sweep_folder(store, "layers", "SELECT 1 FROM layer WHERE diff_id = ?", err);
	if (result == 0)
		result = sweep_folder(store, "blobs/sha256", IMAGE_BLOB_USED, err);
	return result;
}

/* --- reading --- */

static int read_list(struct image_store *store, struct arena *arena, const char *sql, const char *id, char ***out_list,
		     struct err *err)
{
	auto_query struct query *query = NULL;
	size_t count = 0, room = 8;
	char **list = arena_array(arena, char *, room + 1);
	int result = database_query(store->database, sql, BIND(bind_text(id)), &query, err);
	while (result == 0 && (result = query_next(query, err)) > 0) {
		if (count == room) {
			char **grown = arena_array(arena, char *, room * 2 + 1);
			memcpy(grown, list, count * sizeof *list);
			list = grown;
			room *= 2;
		}
		list[count++] = arena_strdup(arena, query_text(query, 0));
		result = 0;
	}
	if (result == 0)
		*out_list = list;
	return result;
}

/* Fills from the current row: id, created, stored. */
static int read_row(struct image_store *store, struct arena *arena, struct query *query, struct image *out_image,
		    struct err *err)
{
	struct image image = {.created_ns = query_i64(query, 1), .stored_ns = query_i64(query, 2)};
	int result = digest_parse(query_text(query, 0), &image.id, err);
	if (result == 0)
		result = read_list(store, arena, "SELECT name FROM tag WHERE image = ? ORDER BY name", image.id.text,
				   &image.tags, err);
	if (result == 0)
		result = read_list(store, arena, "SELECT diff_id FROM image_layer WHERE image = ? ORDER BY position",
				   image.id.text, &image.layers, err);
	auto_query struct query *sum = NULL;
	if (result == 0)
		result = database_query(
		    store->database, "SELECT total(size) FROM image_layer JOIN layer USING (diff_id) WHERE image = ?",
		    BIND(bind_text(image.id.text)), &sum, err);
	if (result == 0)
		result = query_next(sum, err);
	if (result < 0)
		return result;
	image.size = (uint64_t)query_i64(sum, 0);
	*out_image = image;
	return 0;
}

int image_read(struct image_store *store, struct arena *arena, const char *id, bool hidden, struct image *out_image,
	       struct err *err)
{
	auto_query struct query *query = NULL;
	int result =
	    database_query(store->database, "SELECT id, created, stored FROM image WHERE id = ? AND hidden <= ?",
			   BIND(bind_text(id), bind_i64(hidden)), &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result == 0)
		return err_set(err, ENOENT, "No such image: %s", id);
	return result < 0 ? result : read_row(store, arena, query, out_image, err);
}

int image_find_id(struct image_store *store, struct arena *arena, const struct digest *id, struct image *out_image,
		  struct err *err)
{
	return image_read(store, arena, id->text, true, out_image, err);
}

int image_list(struct image_store *store, struct arena *arena, struct image_list *out_list, struct err *err)
{
	auto_query struct query *query = NULL;
	struct image_list list = {0};
	size_t room = 0;
	int result = database_query(
	    store->database,
	    "SELECT id, created, stored FROM image WHERE NOT hidden ORDER BY created DESC, stored DESC, id", NULL,
	    &query, err);
	while (result == 0 && (result = query_next(query, err)) > 0) {
		if (list.count == room) {
			struct image *grown = arena_array(arena, struct image, room = room ? room * 2 : 16);
			if (list.count)
				memcpy(grown, list.items, list.count * sizeof *grown);
			list.items = grown;
		}
		result = read_row(store, arena, query, &list.items[list.count++], err);
	}
	if (result == 0)
		*out_list = list;
	return result;
}

/* --- finding by what people type --- */

static int tag_image(struct image_store *store, struct arena *arena, const char *name, char **out_id, struct err *err)
{
	auto_query struct query *query = NULL;
	int result =
	    database_query(store->database, "SELECT image FROM tag WHERE name = ?", BIND(bind_text(name)), &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result > 0)
		*out_id = arena_strdup(arena, query_text(query, 0));
	return result;
}

/* 1: found. A prefix is 1 to 64 hex digits. */
static int id_by_prefix(struct image_store *store, struct arena *arena, const char *prefix, char **out_id,
			struct err *err)
{
	char from[80], to[80];
	size_t length = strlen(prefix);
	auto_query struct query *query = NULL;
	if (!length || length > 64 || strspn(prefix, "0123456789abcdef") != length)
		return 0;
	snprintf(from, sizeof from, "sha256:%s", prefix);
	snprintf(to, sizeof to, "sha256:%sg", prefix); /* g follows the last hex digit */
	int result =
	    database_query(store->database, "SELECT id FROM image WHERE id >= ? AND id < ? AND NOT hidden LIMIT 2",
			   BIND(bind_text(from), bind_text(to)), &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result <= 0)
		return result;
	*out_id = arena_strdup(arena, query_text(query, 0));
	result = query_next(query, err);
	if (result > 0)
		return err_set(err, EINVAL, "multiple IDs found with provided prefix: %s", prefix);
	return result < 0 ? result : 1;
}

static int make_hello(struct image_store *store, struct err *err)
{
	char name[STAGING_NAME];
	auto_fd int staging = -1;
	auto_arena arena = {0};
	struct image_job_result made;
	struct err ignored;
	int result = data_stage(store->data, name, &staging, err);
	if (result < 0)
		return result;
	result = hello_make(staging, &arena, &made, err);
	if (result == 0)
		result = image_store_put(store, staging, &made, err);
	/* What stays behind is taken away at the next start at the latest. */
	return data_unstage(store->data, name, result < 0 ? &ignored : err) < 0 && result == 0 ? -err->code : result;
}

/* 1: found; 0: no such tag. */
static int id_by_name(struct image_store *store, struct arena *arena, const char *text, char **out_id, char **out_name,
		      struct err *err)
{
	struct reference reference;
	struct err ignored;
	char name[REFERENCE_TEXT_MAX];
	if (reference_parse(text, &reference, &ignored) < 0)
		return 0;
	if (*reference.digest) { /* the digest decides: of a manifest, or the ID */
		auto_free char *repository = x_printf("%s/%s", reference.domain, reference.path);
		*out_name = NULL;
		int found = image_by_digest(store, arena, repository, reference.digest, out_id, err);
		if (found != 0)
			return found;
		return id_by_prefix(store, arena, text_after(reference.digest, "sha256:") ?: "", out_id, err);
	}
	reference_set_default_tag(&reference);
	reference_full(&reference, name);
	*out_name = arena_strdup(arena, name);
	int result = tag_image(store, arena, name, out_id, err);
	if (result == 0 && text_equal(name, HELLO_NAME)) {
		result = make_hello(store, err);
		if (result == 0)
			result = tag_image(store, arena, name, out_id, err);
	}
	return result;
}

static int no_such_image(const char *text, struct err *err)
{
	struct reference reference;
	char name[REFERENCE_TEXT_MAX];
	if (text_after(text, "sha256:") || reference_parse(text, &reference, err) < 0) {
		bool id = text_after(text, "sha256:") || strspn(text, "0123456789abcdef") == strlen(text);
		return *text && id ? err_set(err, ENOENT, "No such image: %s", text) : -err->code;
	}
	reference_set_default_tag(&reference);
	reference_familiar(&reference, name);
	return err_set(err, ENOENT, "No such image: %s", name);
}

int image_resolve(struct image_store *store, struct arena *arena, const char *text, struct image *out_image,
		  enum image_name_kind *out_kind, char **out_name, struct err *err)
{
	char *id = NULL, *name = NULL;
	const char *hex = text_after(text, "sha256:");
	int result = hex ? 0 : id_by_name(store, arena, text, &id, &name, err);
	bool by_tag = result > 0 && name;
	if (result == 0)
		result = id_by_prefix(store, arena, hex ? hex : text, &id, err);
	if (result == 0)
		return no_such_image(text, err);
	if (result > 0)
		result = image_read(store, arena, id, false, out_image, err);
	if (result < 0)
		return result;
	*out_kind = by_tag ? IMAGE_BY_TAG : IMAGE_BY_ID;
	*out_name = by_tag ? name : NULL;
	return 0;
}

int image_find(struct image_store *store, struct arena *arena, const char *text, struct image *out_image,
	       struct err *err)
{
	enum image_name_kind kind;
	char *name;
	return image_resolve(store, arena, text, out_image, &kind, &name, err);
}

/* --- configuration, layers --- */

int image_config_bytes(struct image_store *store, const struct digest *id, struct buf *out, struct err *err)
{
	return content_read(store->data, id, out, err);
}

int image_config(struct image_store *store, struct arena *arena, const struct digest *id, struct oci_image *out_config,
		 struct err *err)
{
	auto_buf bytes = BUF_INIT(CONTENT_DOCUMENT_MAX);
	int result = content_read(store->data, id, &bytes, err);
	if (result < 0)
		return result;
	memset(out_config, 0, sizeof *out_config);
	return json_load(arena, &table_oci_image, buf_str(&bytes), bytes.len, "image configuration", 0, out_config,
			 err);
}

struct lower_list {
	char **paths;
	size_t count, room;
};

/* One more layer below those of the list; what is seen already is not shown twice. */
static void lower_add(struct arena *arena, struct lower_list *list, const struct digest *diff_id)
{
	char path[LAYER_PATH];
	layers_path(diff_id, path);
	if (list->count + 1 >= list->room) {
		char **grown = arena_array(arena, char *, list->room = list->room ? list->room * 2 : 16);
		if (list->count)
			memcpy(grown, list->paths, list->count * sizeof *grown);
		list->paths = grown;
	}
	/* The same layer twice is shown once: overlay refuses a directory that comes again. */
	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(list->paths[i], path))
			return;
	}
	list->paths[list->count++] = arena_strdup(arena, path);
}

int image_lower_dirs(struct image_store *store, struct arena *arena, const struct digest *id, char ***out_paths,
		     struct err *err)
{
	auto_query struct query *query = NULL;
	struct lower_list list = {0};
	int result =
	    database_query(store->database,
			   "SELECT diff_id, opaque FROM image_layer JOIN layer USING (diff_id) WHERE image = ? "
			   "ORDER BY position DESC",
			   BIND(bind_text(id->text)), &query, err);
	bool hidden = false;
	while (result == 0 && (result = query_next(query, err)) > 0) {
		struct digest diff_id;
		result = digest_parse(query_text(query, 0), &diff_id, err);
		if (result < 0)
			return result;
		if (!hidden)
			lower_add(arena, &list, &diff_id);
		hidden = hidden || query_i64(query, 1);
	}
	if (result == 0)
		*out_paths = list.paths ? list.paths : arena_array(arena, char *, 1);
	return result;
}

int image_layer_dirs(struct image_store *store, struct arena *arena, char *const *diff_ids, char ***out_paths,
		     struct err *err)
{
	struct lower_list list = {0};
	bool hidden = false;
	for (size_t i = strv_count(diff_ids); i-- > 0 && !hidden;) {
		auto_query struct query *query = NULL;
		struct digest diff_id;
		int result = digest_parse(diff_ids[i], &diff_id, err);
		if (result == 0)
			result = database_query(store->database, "SELECT opaque FROM layer WHERE diff_id = ?",
						BIND(bind_text(diff_id.text)), &query, err);
		if (result == 0)
			result = query_next(query, err);
		if (result == 0)
			return err_set(err, ENOENT, "No such layer: %s", diff_id.text);
		if (result < 0)
			return result;
		lower_add(arena, &list, &diff_id);
		hidden = query_i64(query, 0);
	}
	*out_paths = list.paths ? list.paths : arena_array(arena, char *, 1);
	return 0;
}

/* --- taking over what a job made --- */

int store_put_layer(struct image_store *store, int staging, const struct image_job_layer *layer, struct err *err)
{
	struct digest diff_id;
	int result = digest_parse(layer->diff_id, &diff_id, err);
	if (result < 0)
		return result;
	if (text_empty(layer->name)) {
		result = row_exists(store, "SELECT 1 FROM layer WHERE diff_id = ?", diff_id.text, err);
		return result == 0  ? err_set(err, EAGAIN, "layer %s was removed meanwhile: try again", diff_id.text)
		       : result < 0 ? result
				    : 0;
	}
	if (strchr(layer->name, '/') || text_equal(layer->name, ".."))
		return err_set(err, EBADMSG, "the job named a file \"%.64s\"", layer->name);
	result = layers_publish(store->data, staging, layer->name, &diff_id, err);
	if (result < 0)
		return result;
	return database_run(store->database, "INSERT OR IGNORE INTO layer (diff_id, size, opaque) VALUES (?, ?, ?)",
			    BIND(bind_text(diff_id.text), bind_i64((int64_t)layer->size), bind_i64(layer->opaque)),
			    err);
}

static int put_blob(struct image_store *store, int staging, const struct image_job_blob *blob, struct err *err)
{
	struct digest digest;
	int result = digest_parse(blob->digest, &digest, err);
	if (result == 0 && (strchr(blob->name, '/') || text_equal(blob->name, "..")))
		return err_set(err, EBADMSG, "the job named a file \"%.64s\"", blob->name);
	return result < 0 ? result : content_publish(store->data, staging, blob->name, &digest, err);
}

/* Moves the name here. */
static int put_tag(struct image_store *store, const char *name, const char *id, struct err *err)
{
	int result = database_run(store->database,
				  "INSERT INTO tag (name, image) VALUES (?, ?) "
				  "ON CONFLICT (name) DO UPDATE SET image = excluded.image",
				  BIND(bind_text(name), bind_text(id)), err);
	if (result < 0)
		return result;
	return database_run(store->database, "UPDATE image SET stored = ? WHERE id = ?",
			    BIND(bind_i64(time_wall_ns()), bind_text(id)), err);
}

static int put_image(struct image_store *store, const struct image_job_image *image, struct err *err)
{
	struct digest id;
	struct oci_image config;
	auto_arena arena = {0};
	int64_t created = 0;
	int result = digest_parse(image->id, &id, err);
	if (result == 0)
		result = image_config(store, &arena, &id, &config, err);
	if (result < 0)
		return result;
	if (config.created && time_parse_rfc3339(config.created, &created) < 0)
		created = 0;
	result = database_run(store->database,
			      "INSERT INTO image (id, created, stored) VALUES (?, ?, ?) "
			      "ON CONFLICT (id) DO UPDATE SET hidden = 0",
			      BIND(bind_text(id.text), bind_i64(created), bind_i64(time_wall_ns())), err);
	for (size_t i = 0; result == 0 && image->layers && image->layers[i]; i++)
		result = database_run(store->database,
				      "INSERT OR IGNORE INTO image_layer (image, position, diff_id) VALUES (?, ?, ?)",
				      BIND(bind_text(id.text), bind_i64((int64_t)i), bind_text(image->layers[i])), err);
	for (size_t i = 0; result == 0 && image->names && image->names[i]; i++)
		result = put_tag(store, image->names[i], id.text, err);
	return result;
}

int image_store_put(struct image_store *store, int staging, const struct image_job_result *result, struct err *err)
{
	struct err ignored;
	int status = database_begin(store->database, err);
	if (status < 0)
		return status;
	for (size_t i = 0; status == 0 && i < result->layers.count; i++)
		status = store_put_layer(store, staging, &result->layers.items[i], err);
	for (size_t i = 0; status == 0 && i < result->blobs.count; i++)
		status = put_blob(store, staging, &result->blobs.items[i], err);
	for (size_t i = 0; status == 0 && i < result->images.count; i++)
		status = put_image(store, &result->images.items[i], err);
	if (status == 0)
		status = image_blobs_put(store, staging, result, err);
	if (status == 0)
		status = database_commit(store->database, err);
	else
		database_rollback(store->database);
	if (status < 0 && image_store_sweep(store, &ignored) < 0)
		return status; /* the next start sweeps again */
	return status;
}

/* --- names --- */

int image_tag_id(struct image_store *store, const struct digest *id, const char *repository, const char *tag,
		 struct err *err)
{
	struct reference reference;
	char name[REFERENCE_TEXT_MAX];
	int result = reference_parse(repository, &reference, err);
	if (result == 0 && !text_empty(tag))
		result = reference_check_tag(tag, err);
	if (result < 0)
		return result;
	if (*reference.digest)
		return err_set(err, EINVAL, "refusing to create a tag with a digest reference");
	if (!text_empty(tag))
		snprintf(reference.tag, sizeof reference.tag, "%s", tag);
	reference_set_default_tag(&reference);
	reference_full(&reference, name);
	result = database_begin(store->database, err);
	if (result < 0)
		return result;
	result = put_tag(store, name, id->text, err);
	if (result == 0)
		return database_commit(store->database, err);
	database_rollback(store->database);
	return result;
}

int image_tag(struct image_store *store, const char *source, const char *repository, const char *tag, struct err *err)
{
	struct image image;
	auto_arena arena = {0};
	int result = image_find(store, &arena, source, &image, err);
	return result < 0 ? result : image_tag_id(store, &image.id, repository, tag, err);
}
