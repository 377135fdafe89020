/*
 * What the archive endpoints say about a path in a container: the header X-Docker-Container-Path-Stat (base64 of this
 * as JSON), and the changes of a container's file system.
 */
#pragma once

#include "base/buffer.h"
#include "base/json.h"

#include <sys/types.h>

#define PATH_STAT_HEADER "X-Docker-Container-Path-Stat"

struct path_stat {
	char *name; /* last component of what was asked for */
	int64_t size;
	uint32_t mode;	   /* Go's os.FileMode */
	char *mtime;	   /* RFC 3339 */
	char *link_target; /* of a symbolic link: where it leads in the container, else "" */
};
JSON_DECLARE(path_stat);

/* os.FileMode: permissions, and high bits for what is not a regular file. */
enum { GO_MODE_DIR = 1U << 31, GO_MODE_SYMLINK = 1 << 27 };
uint32_t go_mode(mode_t mode);

/* One item of GET /containers/{id}/changes */
enum change_kind { CHANGE_MODIFIED, CHANGE_ADDED, CHANGE_DELETED };
struct filesystem_change {
	char *path;
	int64_t kind;
};
JSON_DECLARE(filesystem_change);

/*
 * "/" in front, "." and ".." taken out by the letter (as Go's filepath.Clean), a trailing "/" or "/." kept: it means
 * that the path is to be a directory.
 */
char *container_path_clean(struct arena *arena, const char *path);
