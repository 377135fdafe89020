#include "storage/volume.h"

#include "base/path.h"
#include "base/text.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAP_MAX = 1 << 20 };

static const char *const migrations[] = {
    "CREATE TABLE volume (name TEXT PRIMARY KEY, created INTEGER NOT NULL, options TEXT NOT NULL, labels TEXT NOT NULL,"
    " pending INTEGER NOT NULL, copied INTEGER NOT NULL) STRICT",
};

void volume_parent(const char *name, char out_path[VOLUME_PATH_MAX])
{
	snprintf(out_path, VOLUME_PATH_MAX, "volumes/%s", name);
}

void volume_path(const char *name, char out_path[VOLUME_PATH_MAX])
{
	snprintf(out_path, VOLUME_PATH_MAX, "volumes/%s/_data", name);
}

/* --- directories --- */

static int dir_make(int data, const char *name, struct err *err)
{
	char path[VOLUME_PATH_MAX];
	volume_parent(name, path);
	if (mkdirat(data, path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make %s", path);
	volume_path(name, path);
	if (mkdirat(data, path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make %s", path);
	/* Whatever the umask says. */
	return fchmodat(data, path, 0755, 0) < 0 ? err_sys(err, "make %s", path) : 0;
}

static int dir_drop(int data, const char *name, struct err *err)
{
	auto_fd int volumes = openat(data, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (volumes < 0)
		return err_sys(err, "open volumes");
	return trash_put(data, volumes, name, err);
}

bool volume_is_empty(int data, const char *name)
{
	char path[VOLUME_PATH_MAX];
	volume_path(name, path);
	int fd = openat(data, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		cleanup_fd(&fd);
		return false;
	}
	const struct dirent *entry;
	while ((entry = readdir(list))) {
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			return false;
	}
	return true;
}

/* --- the record --- */

static int map_text(const struct json_map *map, struct buf *out)
{
	buf_char(out, '{');
	for (size_t i = 0; i < map->count; i++) {
		buf_text(out, i ? "," : "");
		json_encode_string(out, map->items[i].key);
		buf_char(out, ':');
		json_encode_string(out, map->items[i].value);
	}
	buf_char(out, '}');
	return out->overflow ? -E2BIG : 0;
}

static int map_read(struct arena *arena, const char *text, struct json_map *map, struct err *err)
{
	const struct json *value;
	int rc = json_parse(arena, text, strlen(text), "the record of a volume", &value, err);
	if (rc < 0)
		return rc;
	map->items = arena_array(arena, struct json_pair, value->count + 1);
	for (size_t i = 0; i < value->count; i++)
		map->items[map->count++] = (struct json_pair){(char *)value->keys[i], (char *)value->items[i]->text};
	return 0;
}

#define COLUMNS "SELECT name, created, options, labels, pending, copied FROM volume "

static int row_read(struct query *query, struct arena *arena, struct volume *volume, struct err *err)
{
	*volume = (struct volume){.name = arena_strdup(arena, query_text(query, 0)),
				  .created_ns = query_i64(query, 1),
				  .pending = query_i64(query, 4) != 0,
				  .copied = query_i64(query, 5) != 0};
	int rc = map_read(arena, query_text(query, 2), &volume->options, err);
	return rc < 0 ? rc : map_read(arena, query_text(query, 3), &volume->labels, err);
}

int volume_find(struct database *database, struct arena *arena, const char *name, struct volume *out_volume,
		struct err *err)
{
	auto_query struct query *query = NULL;
	int more = database_query(database, COLUMNS "WHERE name = ?", BIND(bind_text(name)), &query, err);
	if (more == 0)
		more = query_next(query, err);
	if (more == 0)
		return err_set(err, ENOENT, "get %s: no such volume", name);
	return more < 0 ? more : row_read(query, arena, out_volume, err);
}

int volume_all(struct database *database, struct arena *arena, struct volume_list *out_list, struct err *err)
{
	struct volume_list list = {0};
	auto_query struct query *count = NULL, *query = NULL;
	int more = database_query(database, "SELECT count(*) FROM volume", NULL, &count, err);
	if (more == 0)
		more = query_next(count, err);
	if (more < 0)
		return more;
	size_t room = (size_t)query_i64(count, 0);
	list.items = arena_array(arena, struct volume, room + 1);
	more = database_query(database, COLUMNS "ORDER BY name", NULL, &query, err);
	while (more == 0 && list.count < room && (more = query_next(query, err)) > 0)
		more = row_read(query, arena, &list.items[list.count++], err);
	if (more < 0)
		return more;
	*out_list = list;
	return 0;
}

int volume_make(struct database *database, int data, const struct volume *volume, struct err *err)
{
	auto_buf options = BUF_INIT(MAP_MAX), labels = BUF_INIT(MAP_MAX);
	if (map_text(&volume->options, &options) < 0 || map_text(&volume->labels, &labels) < 0)
		return err_set(err, E2BIG, "create %s: options and labels are too long", volume->name);
	int rc = database_run(database, "INSERT INTO volume VALUES (?, ?, ?, ?, ?, 0)",
			      BIND(bind_text(volume->name), bind_i64(volume->created_ns), bind_text(buf_str(&options)),
				   bind_text(buf_str(&labels)), bind_i64(volume->pending)),
			      err);
	if (rc < 0)
		return rc;
	/* What a removal that broke off left there is nobody's any more. */
	rc = dir_drop(data, volume->name, err);
	if (rc == 0)
		rc = dir_make(data, volume->name, err);
	struct err ignored;
	if (rc < 0 && volume_remove(database, data, volume->name, &ignored) < 0)
		return rc; /* the first error is the one to tell */
	return rc;
}

int volume_keep(struct database *database, const char *name, struct err *err)
{
	return database_run(database, "UPDATE volume SET pending = 0 WHERE name = ? AND pending = 1",
			    BIND(bind_text(name)), err);
}

int volume_doom(struct database *database, const char *name, struct err *err)
{
	return database_run(database, "UPDATE volume SET pending = 1 WHERE name = ?", BIND(bind_text(name)), err);
}

int volume_remove(struct database *database, int data, const char *name, struct err *err)
{
	struct err ignored;
	int rc = database_run(database, "DELETE FROM volume WHERE name = ?", BIND(bind_text(name)), err);
	if (rc == 0 && dir_drop(data, name, &ignored) < 0)
		return 1;
	return rc;
}

int volume_fill(struct database *database, int data, const char *volume, int dir, const char *name, struct err *err)
{
	char path[VOLUME_PATH_MAX];
	volume_path(volume, path);
	if (renameat(dir, name, data, path) < 0)
		return err_sys(err, "fill volume %s", volume);
	return database_run(database, "UPDATE volume SET copied = 1 WHERE name = ?", BIND(bind_text(volume)), err);
}

/* --- start --- */

static int orphans_drop(int data, const struct volume_list *list, struct err *err)
{
	int fd = openat(data, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	auto_dir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	if (!entries) {
		cleanup_fd(&fd);
		return err_sys(err, "read volumes");
	}
	const struct dirent *entry;
	while (rc == 0 && (entry = readdir(entries))) {
		bool known = text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..");
		for (size_t i = 0; i < list->count && !known; i++)
			known = text_equal(entry->d_name, list->items[i].name);
		if (!known)
			rc = trash_put(data, dirfd(entries), entry->d_name, err);
	}
	return rc;
}

int volume_sweep(struct database *database, int data, struct err *err)
{
	auto_arena arena = {0};
	struct volume_list list = {0};
	int rc = volume_all(database, &arena, &list, err);
	return rc < 0 ? rc : orphans_drop(data, &list, err);
}

int volume_open(struct database *database, int data, struct err *err)
{
	auto_arena arena = {0};
	struct volume_list list = {0};
	int rc = database_migrate(database, "volume", migrations, array_size(migrations), err);
	if (rc == 0)
		rc = database_run(database, "DELETE FROM volume WHERE pending = 1", NULL, err);
	if (rc == 0)
		rc = volume_all(database, &arena, &list, err);
	if (rc == 0)
		rc = orphans_drop(data, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		char path[VOLUME_PATH_MAX];
		struct stat info;
		volume_path(list.items[i].name, path);
		if (fstatat(data, path, &info, AT_SYMLINK_NOFOLLOW) < 0)
			rc = dir_make(data, list.items[i].name, err);
	}
	return rc;
}
