#include "image/store_blobs.h"

#include "base/text.h"
#include "base/time.h"
#include "image/job.h"
#include "image/store_schema.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char *const schema[] = {
    "CREATE TABLE manifest (digest TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,"
    "  media_type TEXT NOT NULL, stored INTEGER NOT NULL) STRICT;"
    "CREATE INDEX manifest_image ON manifest (image);"
    "CREATE TABLE layer_blob (digest TEXT PRIMARY KEY,"
    "  diff_id TEXT NOT NULL REFERENCES layer(diff_id) ON DELETE CASCADE,"
    "  size INTEGER NOT NULL, media_type TEXT NOT NULL, stored INTEGER NOT NULL) STRICT;"
    "CREATE INDEX layer_blob_diff_id ON layer_blob (diff_id);"
    "CREATE TABLE blob_source (digest TEXT NOT NULL REFERENCES layer_blob(digest) ON DELETE CASCADE,"
    "  repository TEXT NOT NULL, PRIMARY KEY (digest, repository)) STRICT;"
    "CREATE TABLE repo_digest (repository TEXT NOT NULL, digest TEXT NOT NULL,"
    "  image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE, PRIMARY KEY (repository, digest)) STRICT;"
    "CREATE INDEX repo_digest_image ON repo_digest (image)",
};

int image_blobs_migrate(struct database *database, struct err *err)
{
	return database_migrate(database, "image_blob", schema, array_size(schema), err);
}

/* --- taking over --- */

static int put_layer_blob(struct image_store *store, int staging, int downloads,
			  const struct image_job_layer_blob *blob, struct err *err)
{
	struct digest digest, diff_id;
	int rc = digest_parse(blob->digest, &digest, err);
	if (rc == 0)
		rc = digest_parse(blob->diff_id, &diff_id, err);
	bool staged = !text_empty(blob->name);
	if (rc == 0 && staged && strchr(blob->name, '/'))
		rc = err_set(err, EBADMSG, "the job named a file \"%.64s\"", blob->name);
	if (rc == 0)
		rc = content_adopt(store->data, staged ? staging : downloads, staged ? blob->name : digest_hex(&digest),
				   &digest, blob->size, err);
	if (rc == 0)
		rc = database_run(
		    store->database,
		    "INSERT INTO layer_blob (digest, diff_id, size, media_type, stored) VALUES (?, ?, ?, ?, ?) "
		    "ON CONFLICT (digest) DO UPDATE SET media_type = excluded.media_type, stored = excluded.stored",
		    BIND(bind_text(digest.text), bind_text(diff_id.text), bind_i64((int64_t)blob->size),
			 bind_text(blob->media_type), bind_i64(time_wall_ns())),
		    err);
	if (rc == 0 && !text_empty(blob->repository))
		rc = database_run(store->database,
				  "INSERT OR IGNORE INTO blob_source (digest, repository) VALUES (?, ?)",
				  BIND(bind_text(digest.text), bind_text(blob->repository)), err);
	return rc;
}

static int put_manifest(struct image_store *store, const struct image_job_manifest *manifest, struct err *err)
{
	struct digest digest;
	int rc = digest_parse(manifest->digest, &digest, err);
	return rc < 0
		   ? rc
		   : database_run(store->database,
				  "INSERT INTO manifest (digest, image, media_type, stored) VALUES (?, ?, ?, ?) "
				  "ON CONFLICT (digest) DO UPDATE SET image = excluded.image, stored = excluded.stored",
				  BIND(bind_text(digest.text), bind_text(manifest->image),
				       bind_text(manifest->media_type), bind_i64(time_wall_ns())),
				  err);
}

static int put_reference(struct image_store *store, const struct image_job_reference *reference, struct err *err)
{
	struct digest digest;
	int rc = digest_parse(reference->digest, &digest, err);
	return rc < 0 ? rc
		      : database_run(
			    store->database,
			    "INSERT INTO repo_digest (repository, digest, image) VALUES (?, ?, ?) "
			    "ON CONFLICT (repository, digest) DO UPDATE SET image = excluded.image",
			    BIND(bind_text(reference->repository), bind_text(digest.text), bind_text(reference->image)),
			    err);
}

int image_blobs_put(struct image_store *store, int staging, const struct image_job_result *result, struct err *err)
{
	auto_fd int downloads = openat(store->data, "downloads", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = downloads < 0 ? err_sys(err, "open downloads") : 0;
	for (size_t i = 0; rc == 0 && i < result->layer_blobs.count; i++)
		rc = put_layer_blob(store, staging, downloads, &result->layer_blobs.items[i], err);
	for (size_t i = 0; rc == 0 && i < result->manifests.count; i++)
		rc = put_manifest(store, &result->manifests.items[i], err);
	for (size_t i = 0; rc == 0 && i < result->references.count; i++)
		rc = put_reference(store, &result->references.items[i], err);
	return rc;
}

/* --- reading --- */

/* Room for one more behind count items of this size. */
static void *grow(struct arena *arena, void *items, size_t count, size_t size)
{
	if (count & (count - 1) || count == 1)
		return items;
	void *grown = arena_alloc_array(arena, count ? count * 2 : 2, size);
	if (count)
		memcpy(grown, items, count * size);
	return grown;
}

int image_digests(struct image_store *store, struct arena *arena, const struct digest *id, char ***out_list,
		  struct err *err)
{
	auto_query struct query *query = NULL;
	char **list = NULL;
	size_t count = 0;
	int rc = database_query(
	    store->database,
	    "SELECT repository || '@' || digest FROM repo_digest WHERE image = ? ORDER BY repository, digest",
	    BIND(bind_text(id->text)), &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		list = grow(arena, list, count, sizeof *list);
		list[count++] = arena_strdup(arena, query_text(query, 0));
		rc = 0;
	}
	list = grow(arena, list, count, sizeof *list);
	list[count] = NULL;
	if (rc == 0)
		*out_list = list;
	return rc;
}

int image_by_digest(struct image_store *store, struct arena *arena, const char *repository, const char *digest,
		    char **out_id, struct err *err)
{
	auto_query struct query *query = NULL;
	int rc = database_query(store->database, "SELECT image FROM repo_digest WHERE repository = ? AND digest = ?",
				BIND(bind_text(repository), bind_text(digest)), &query, err);
	if (rc == 0)
		rc = query_next(query, err);
	if (rc > 0)
		*out_id = arena_strdup(arena, query_text(query, 0));
	return rc;
}

int image_forget_digests(struct image_store *store, const struct digest *id, const char *repository, struct err *err)
{
	return database_run(store->database, "DELETE FROM repo_digest WHERE image = ? AND (repository = ? OR ? = '')",
			    BIND(bind_text(id->text), bind_text(repository), bind_text(repository)), err);
}

int image_manifests(struct image_store *store, struct arena *arena, const struct digest *id,
		    struct image_manifest_list *out_list, struct err *err)
{
	auto_query struct query *query = NULL;
	struct image_manifest_list list = {0};
	int rc = database_query(store->database,
				"SELECT digest, media_type FROM manifest WHERE image = ? ORDER BY stored DESC",
				BIND(bind_text(id->text)), &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		list.items = grow(arena, list.items, list.count, sizeof *list.items);
		list.items[list.count++] = (struct image_manifest){arena_strdup(arena, query_text(query, 0)),
								   arena_strdup(arena, query_text(query, 1))};
		rc = 0;
	}
	if (rc == 0)
		*out_list = list;
	return rc;
}

static int repositories_read(struct image_store *store, struct arena *arena, struct image_layer_blob *blob,
			     struct err *err)
{
	auto_query struct query *query = NULL;
	size_t count = 0;
	int rc = database_query(store->database, "SELECT repository FROM blob_source WHERE digest = ? LIMIT 64",
				BIND(bind_text(blob->digest)), &query, err);
	blob->repositories = arena_array(arena, char *, 65);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		blob->repositories[count++] = arena_strdup(arena, query_text(query, 0));
		rc = 0;
	}
	return rc;
}

int image_layer_blobs(struct image_store *store, struct arena *arena, const struct digest *id,
		      struct image_layer_blob_list *out_list, struct err *err)
{
	auto_query struct query *query = NULL;
	struct image_layer_blob_list list = {0};
	int rc = database_query(store->database,
				"SELECT DISTINCT digest, diff_id, media_type, size FROM layer_blob "
				"JOIN image_layer USING (diff_id) WHERE image = ? ORDER BY stored DESC",
				BIND(bind_text(id->text)), &query, err);
	while (rc == 0 && (rc = query_next(query, err)) > 0) {
		list.items = grow(arena, list.items, list.count, sizeof *list.items);
		struct image_layer_blob *blob = &list.items[list.count++];
		*blob = (struct image_layer_blob){.digest = arena_strdup(arena, query_text(query, 0)),
						  .diff_id = arena_strdup(arena, query_text(query, 1)),
						  .media_type = arena_strdup(arena, query_text(query, 2)),
						  .size = (uint64_t)query_i64(query, 3)};
		rc = repositories_read(store, arena, blob, err);
	}
	if (rc == 0)
		*out_list = list;
	return rc;
}

/* --- unfinished downloads --- */

int image_downloads_clear(struct image_store *store, uint64_t *out_bytes, struct err *err)
{
	int fd = openat(store->data, "downloads", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t bytes = 0;
	if (!dir) {
		cleanup_fd(&fd);
		return err_sys(err, "read downloads");
	}
	while ((entry = readdir(dir))) {
		struct stat info;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		/* A lock says that a job is at it (registry/download.h). */
		auto_fd int file = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (file < 0 || flock(file, LOCK_EX | LOCK_NB) < 0 || fstat(file, &info) < 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			bytes += (uint64_t)info.st_size;
	}
	*out_bytes = bytes;
	return 0;
}
