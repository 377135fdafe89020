/* The cache of builds: results of steps by the content that decides them, and directories of cache mounts. */
#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/build_state.h"
#include "image/job.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char *const migrations[] = {
    /* layer: a diff id, held under "build:KEY"; NULL: the step left nothing */
    "CREATE TABLE build_cache (key TEXT PRIMARY KEY, layer TEXT, size INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    "  description TEXT NOT NULL, type TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,"
    "  uses INTEGER NOT NULL) STRICT;"
    "CREATE TABLE build_mount (name TEXT PRIMARY KEY, id TEXT NOT NULL, size INTEGER NOT NULL,"
    "  created INTEGER NOT NULL, used INTEGER NOT NULL, uses INTEGER NOT NULL) STRICT",
};

int build_migrate(struct database *database, struct err *err)
{
	return database_migrate(database, "build", migrations, array_size(migrations), err);
}

static void owner_of(const char *key, char out_owner[80])
{
	snprintf(out_owner, 80, "build:%.64s", key);
}

static int cache_read(struct engine *engine, const char *key, struct build_result *out_result, struct err *err)
{
	auto_query struct query *query = NULL;
	int rc = database_query(engine->database, "SELECT layer, size, epoch FROM build_cache WHERE key = ?",
				BIND(bind_text(key)), &query, err);
	if (rc == 0)
		rc = query_next(query, err);
	if (rc <= 0)
		return rc;
	const char *layer = query_text(query, 0);
	*out_result = (struct build_result){.size = query_i64(query, 1), .epoch = query_i64(query, 2)};
	snprintf(out_result->layer, sizeof out_result->layer, "%s", layer ? layer : "");
	return 1;
}

bool build_cache_find(struct engine *engine, const char *key, struct build_result *out_result)
{
	struct err err;
	int rc = cache_read(engine, key, out_result, &err);
	if (rc > 0 && *out_result->layer && !image_layer_known(engine->images, out_result->layer))
		rc = 0;
	if (rc > 0)
		rc = database_run(engine->database, "UPDATE build_cache SET used = ?, uses = uses + 1 WHERE key = ?",
				  BIND(bind_i64(time_wall_ns()), bind_text(key)), &err) == 0;
	else if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot read the cache of builds", NULL);
	return rc > 0;
}

int build_cache_put(struct engine *engine, const char *key, const struct build_result *result,
		    const struct build_step *step, int staging, const struct image_job_layer *layer, struct err *err)
{
	char owner[80];
	int64_t now = time_wall_ns();
	owner_of(key, owner);
	/* One transaction: the entry is there with its layer or not at all. */
	int rc = database_begin(engine->database, err);
	if (rc < 0)
		return rc;
	rc = image_release(engine->images, owner, err);
	if (rc == 0 && layer)
		rc = image_hold(engine->images, owner, staging, layer, err);
	if (rc == 0)
		rc = database_run(engine->database,
				  "INSERT OR REPLACE INTO build_cache (key, layer, size, epoch, description, type, "
				  "created, used, uses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
				  BIND(bind_text(key), bind_text(*result->layer ? result->layer : NULL),
				       bind_i64(result->size), bind_i64(result->epoch), bind_text(step->label),
				       bind_text(text_equal(step->kind, "run") ? "regular" : "source.local"),
				       bind_i64(now), bind_i64(now)),
				  err);
	if (rc == 0)
		return database_commit(engine->database, err);
	database_rollback(engine->database);
	return rc;
}

/* --- cache mounts --- */

int build_cache_mount(struct engine *engine, const char *id, const struct build_mount *mount, char **out_name,
		      bool *out_new, struct err *err)
{
	struct digest digest;
	char path[80];
	auto_fd int made = -1;
	digest_of(id, strlen(id), &digest);
	snprintf(path, sizeof path, "build/%s", digest_hex(&digest));
	int64_t now = time_wall_ns();
	*out_new = false;
	int rc = path_make_dirs(engine->data, "build", PATH_NO_LINKS, 0700, &made, err);
	if (rc < 0)
		return rc;
	if (mkdirat(engine->data, path, 0700) == 0) {
		*out_new = true;
		if (fchownat(engine->data, path, (uid_t)mount->uid, (gid_t)mount->gid, 0) < 0 ||
		    fchmodat(engine->data, path, (mode_t)mount->mode, 0) < 0)
			return err_sys(err, "make a cache mount");
	} else if (errno != EEXIST) {
		return err_sys(err, "make a cache mount");
	}
	rc = database_run(engine->database,
			  "INSERT INTO build_mount (name, id, size, created, used, uses) VALUES (?, ?, 0, ?, ?, 1) "
			  "ON CONFLICT (name) DO UPDATE SET used = excluded.used, uses = uses + 1",
			  BIND(bind_text(digest_hex(&digest)), bind_text(id), bind_i64(now), bind_i64(now)), err);
	if (rc == 0)
		*out_name = x_strdup(digest_hex(&digest));
	return rc;
}

void build_cache_measured(struct engine *engine, const char *name, int64_t size)
{
	struct err err;
	if (database_run(engine->database, "UPDATE build_mount SET size = ? WHERE name = ?",
			 BIND(bind_i64(size), bind_text(name)), &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot record the size of a cache mount", NULL);
}

/* --- looking --- */

static bool mount_in_use(const struct engine *engine, const char *name)
{
	for (const struct engine_build *build = engine->builds; build; build = build->next) {
		for (size_t i = 0; build->stages && i < build->plan.stages.count; i++) {
			const struct build_work *work = build->stages[i].work;
			for (const struct build_lease *at = work ? work->leases : NULL; at; at = at->next) {
				if (text_equal(at->name, name))
					return true;
			}
		}
	}
	return false;
}

static char *time_text(struct arena *arena, int64_t ns)
{
	char text[TIME_TEXT];
	time_rfc3339_short(ns, text);
	return arena_strdup(arena, text);
}

struct cache_row {
	struct build_cache_record record;
	char *key; /* of the table; a mount's name */
	int64_t used;
	bool mount;
};
struct cache_rows {
	struct cache_row *items;
	size_t count, room;
};

static struct cache_row *row_add(struct arena *arena, struct cache_rows *rows)
{
	if (rows->count == rows->room) {
		struct cache_row *more =
		    arena_array(arena, struct cache_row, rows->room = rows->room ? 2 * rows->room : 64);
		if (rows->count > 0)
			memcpy(more, rows->items, rows->count * sizeof *more);
		rows->items = more;
	}
	return &rows->items[rows->count++];
}

static int rows_read(struct engine *engine, struct arena *arena, const char *sql, bool mounts, struct cache_rows *rows,
		     struct err *err)
{
	auto_query struct query *query = NULL;
	int more = database_query(engine->database, sql, NULL, &query, err);
	while (more == 0 && (more = query_next(query, err)) > 0) {
		struct cache_row *row = row_add(arena, rows);
		row->key = arena_strdup(arena, query_text(query, 0));
		row->used = query_i64(query, 4);
		row->mount = mounts;
		row->record = (struct build_cache_record){
		    .id = arena_strndup(arena, row->key, 25),
		    .type = arena_strdup(arena, query_text(query, 6)),
		    .description = arena_strdup(arena, query_text(query, 1)),
		    .in_use = mounts && mount_in_use(engine, row->key),
		    .shared = !mounts && query_i64(query, 7) > 0,
		    .size = query_i64(query, 2),
		    .created_at = time_text(arena, query_i64(query, 3)),
		    .last_used_at = time_text(arena, row->used),
		    .usage_count = query_i64(query, 5),
		};
		more = 0;
	}
	return more;
}

/* Least recently used first. */
static int rows_all(struct engine *engine, struct arena *arena, struct cache_rows *rows, struct err *err)
{
	int rc = rows_read(engine, arena,
			   "SELECT key, description, size, created, used, uses, type,"
			   " (SELECT count(*) FROM image_layer WHERE diff_id = layer) FROM build_cache ORDER BY used",
			   false, rows, err);
	return rc < 0 ? rc
		      : rows_read(engine, arena,
				  "SELECT name, 'cached mount ' || id, size, created, used, uses, 'exec.cachemount', 0 "
				  "FROM build_mount ORDER BY used",
				  true, rows, err);
}

int engine_build_cache(struct engine *engine, struct arena *arena, struct engine_build_cache *out_cache,
		       struct err *err)
{
	struct cache_rows rows = {0};
	struct engine_build_cache cache = {0};
	int rc = rows_all(engine, arena, &rows, err);
	if (rc < 0)
		return rc;
	cache.items = arena_array(arena, struct build_cache_record, rows.count + 1);
	for (size_t i = 0; i < rows.count; i++) {
		cache.items[cache.count++] = rows.items[i].record;
		if (!rows.items[i].record.shared)
			cache.size += rows.items[i].record.size;
	}
	*out_cache = cache;
	return 0;
}

/* --- pruning --- */

static bool is_wanted(const struct engine_build_prune *prune, const struct cache_row *row)
{
	bool id = !prune->ids || !prune->ids[0], type = !prune->types || !prune->types[0];
	for (char *const *at = prune->ids; at && *at; at++)
		id = id || text_after(row->key, *at);
	for (char *const *at = prune->types; at && *at; at++)
		type = type || text_equal(row->record.type, *at);
	/* Docker's: without "all" what images still consist of stays, it costs nothing. */
	return id && type && !row->record.in_use && (prune->all || !row->record.shared) &&
	       (prune->unused_ns <= 0 || row->used < time_wall_ns() - prune->unused_ns);
}

static int row_remove(struct engine *engine, const struct cache_row *row, struct err *err)
{
	char owner[80];
	if (row->mount) {
		auto_fd int dir = openat(engine->data, "build", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int rc = dir < 0 ? err_sys(err, "open build") : trash_put(engine->data, dir, row->key, err);
		return rc < 0 ? rc
			      : database_run(engine->database, "DELETE FROM build_mount WHERE name = ?",
					     BIND(bind_text(row->key)), err);
	}
	owner_of(row->key, owner);
	int rc =
	    database_run(engine->database, "DELETE FROM build_cache WHERE key = ?", BIND(bind_text(row->key)), err);
	return rc < 0 ? rc : image_release(engine->images, owner, err);
}

static int64_t disk_free(const struct engine *engine)
{
	struct statvfs info;
	return fstatvfs(engine->data, &info) < 0 ? INT64_MAX : (int64_t)(info.f_bavail * info.f_frsize);
}

int engine_build_prune(struct engine *engine, struct arena *arena, const struct engine_build_prune *prune,
		       struct build_pruned *out_pruned, struct err *err)
{
	struct cache_rows rows = {0};
	struct build_pruned pruned = {0};
	int64_t total = 0, free_bytes = disk_free(engine);
	size_t count = 0;
	int rc = rows_all(engine, arena, &rows, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < rows.count; i++)
		total += rows.items[i].record.shared ? 0 : rows.items[i].record.size;
	bool bounded = prune->keep_bytes > 0 || prune->max_bytes > 0 || prune->free_bytes > 0;
	pruned.caches_deleted = arena_array(arena, char *, rows.count + 1);
	for (size_t i = 0; rc == 0 && i < rows.count; i++) {
		const struct cache_row *row = &rows.items[i];
		bool enough = total <= prune->keep_bytes ||
			      (prune->max_bytes > 0 && total <= prune->max_bytes && prune->free_bytes == 0) ||
			      (prune->free_bytes > 0 && free_bytes + pruned.space_reclaimed >= prune->free_bytes);
		if (!is_wanted(prune, row) || (bounded && enough))
			continue;
		rc = row_remove(engine, row, err);
		int64_t size = row->record.shared ? 0 : row->record.size;
		total -= size;
		pruned.space_reclaimed += size;
		pruned.caches_deleted[count++] = row->record.id;
	}
	if (rc == 0)
		rc = image_hold_sweep(engine->images, err);
	job_trash(engine);
	if (rc == 0)
		*out_pruned = pruned;
	return rc;
}
