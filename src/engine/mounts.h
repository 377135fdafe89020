/*
 * The mounts of a container as they were decided when it was created: binds, --mount, volumes by name, anonymous
 * volumes of the request and of the image, and those of other containers (--volumes-from), one per place. They are part
 * of the container's document. --tmpfs is not among them, as with Docker. Inside the engine only.
 */
#pragma once

#include "base/json.h"
#include "docker/container.h"

struct engine;
struct container;
struct container_document;

struct container_mount {
	char *type;	   /* "bind", "volume", "tmpfs", "image" */
	char *name;	   /* of the volume */
	char *source;	   /* of a bind: on the host; of an image: its ID */
	char *destination; /* absolute and clean */
	char *mode;	   /* as it was written: "ro", "z"; for inspect */
	char *propagation; /* "" or as in the runtime-spec */
	char *subpath;
	bool rw, anonymous, copy;
	bool non_recursive, make_source;
	bool readonly_top; /* only the mount itself is read-only, not what is mounted below */
	bool readonly_all; /* all of it, or an error */
	int64_t tmpfs_size, tmpfs_mode;
	char **tmpfs_options;
};
JSON_DECLARE(container_mount);

/*
 * Fills document->mounts and makes the volumes that are missing, pending. What it made is added to made, also when it
 * fails: the caller removes them or, with the container, keeps them. Docker's words in errors.
 */
int mounts_resolve(struct engine *engine, struct arena *arena, struct container_document *document, char ***made,
		   struct err *err) must_check;

/* For inspect and lists. */
struct mount_point *mounts_view(const struct container *container, struct arena *arena, size_t *out_count);

/* A document of before there were volumes has none: from its binds and --mount. */
int mounts_upgrade(struct arena *arena, struct container_document *document, struct err *err) must_check;
