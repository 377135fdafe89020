/*
 * Volumes: a record of their own, and volumes/NAME/_data below the data directory, which is what a container sees.
 *
 * The row comes first and goes first: a directory without a row is thrown away when the engine starts, a row without a
 * directory gets an empty one. A volume that a container's creation brought along is pending until that container is in
 * the record; an engine that starts throws pending ones away.
 *
 * Who uses a volume is known to the engine, not here. Names were checked (docker/volume.h) and are one component of a
 * path; what lies below _data is hostile.
 */
#pragma once

#include "base/json.h"
#include "storage/database.h"

enum { VOLUME_PATH_MAX = 288, VOLUME_NAME_MAX = 255 };

struct volume {
	char *name;
	struct json_map options, labels;
	int64_t created_ns;
	bool pending;
	bool copied; /* an image's content was put into it: never again */
};

struct volume_list {
	struct volume *items; /* by name */
	size_t count;
};

/* The tables, and the directories brought in line with them. Both are used until the end; nothing is kept. */
int volume_open(struct database *database, int data, struct err *err) must_check;

/* "volumes/NAME/_data", or its parent "volumes/NAME". */
void volume_path(const char *name, char out_path[VOLUME_PATH_MAX]);
void volume_parent(const char *name, char out_path[VOLUME_PATH_MAX]);

/* -ENOENT "get NAME: no such volume". In the arena. */
int volume_find(struct database *database, struct arena *arena, const char *name, struct volume *out_volume,
		struct err *err) must_check;
int volume_all(struct database *database, struct arena *arena, struct volume_list *out_list,
	       struct err *err) must_check;

/* Row and empty directory, or nothing. -EEXIST. */
int volume_make(struct database *database, int data, const struct volume *volume, struct err *err) must_check;

/* No longer pending, or pending again; for a transaction of the caller's. A missing one is fine. */
int volume_keep(struct database *database, const char *name, struct err *err) must_check;
int volume_doom(struct database *database, const char *name, struct err *err) must_check;

/* The row is gone when it returns 0 or 1; 1: the directory could not go to the trash yet, but will with volume_sweep or
 * the next start. A missing one is fine. */
int volume_remove(struct database *database, int data, const char *name, struct err *err) must_check;
int volume_sweep(struct database *database, int data, struct err *err) must_check; /* directories without a row */

/*
 * Puts the directory `name` of dir (a finished copy of what an image has at the volume's place) where the empty _data
 * was, at once, and remembers it. -ENOTEMPTY when something is there: then nothing changes.
 */
int volume_fill(struct database *database, int data, const char *volume, int dir, const char *name,
		struct err *err) must_check;

bool volume_is_empty(int data, const char *name);
