/*
 * The images that this engine has: their names, configurations and layers. Engine process only; no hostile byte is
 * parsed here except configurations, through oci/image_spec.h.
 *
 * An image's ID is the digest of its configuration (as in Docker's own store). Names are full references with a tag
 * ("docker.io/library/hello:latest"). Every change is one transaction; files are published before it and removed after
 * it, so that a crash leaves at worst files that nobody refers to (image_store_open removes them).
 */
#pragma once

#include "oci/image_spec.h"
#include "storage/database.h"
#include "storage/layers.h"

struct image_store;
struct image_job_result;
struct image_job_layer;

/* database and data (storage/data.h) must outlive it. Makes the tables; puts layers and blobs of no image into trash.
 */
int image_store_open(struct database *database, int data, struct image_store **out_store, struct err *err) must_check;
void image_store_close(struct image_store *store); /* takes NULL */

/* An image as recorded; all memory in the arena that was given. */
struct image {
	struct digest id;
	int64_t created_ns; /* when it was made, by its configuration; 0: it does not say */
	int64_t stored_ns;  /* when it came here, or was tagged last */
	uint64_t size;	    /* bytes of all layers */
	char **tags;	    /* full references, sorted; an empty list: dangling */
	char **layers;	    /* diff ids, base first */
};
struct image_list {
	struct image *items;
	size_t count;
};

/* Takes over what a job made in the staging directory; the images' names move to them. What was there stays as it is.
 */
int image_store_put(struct image_store *store, int staging, const struct image_job_result *result,
		    struct err *err) must_check;

/*
 * Finds by name ("alpine", "alpine:3", full), ID ("sha256:HEX", HEX) or unique prefix of an ID; a name beats a prefix.
 * The embedded image "hello" is made when it is asked for. -ENOENT "No such image: alpine:latest"; -EINVAL for a text
 * that cannot be either, or an ambiguous prefix.
 */
int image_find(struct image_store *store, struct arena *arena, const char *text, struct image *out_image,
	       struct err *err) must_check;
/* By exact ID, also one that was removed while stopped containers used it. */
int image_find_id(struct image_store *store, struct arena *arena, const struct digest *id, struct image *out_image,
		  struct err *err) must_check;

/* All images, newest first. */
int image_list(struct image_store *store, struct arena *arena, struct image_list *out_list, struct err *err) must_check;

/* The configuration: its exact bytes, or decoded. -EBADMSG when the file was damaged. */
int image_config_bytes(struct image_store *store, const struct digest *id, struct buf *out, struct err *err) must_check;
int image_config(struct image_store *store, struct arena *arena, const struct digest *id, struct oci_image *out_config,
		 struct err *err) must_check;

/* Lower directories of an overlay, top first, below the data directory ("layers/HEX/diff"); NULL-terminated. What a
 * layer with an opaque root hides is left out. An empty list: an image without layers. */
int image_lower_dirs(struct image_store *store, struct arena *arena, const struct digest *id, char ***out_paths,
		     struct err *err) must_check;

/* The same for a list of diff ids, base first, whose images need not be. -ENOENT for a layer that is not there. */
int image_layer_dirs(struct image_store *store, struct arena *arena, char *const *diff_ids, char ***out_paths,
		     struct err *err) must_check;

/*
 * Layers that stay without an image, for whoever names himself as their owner (store_hold.c): a build's cache. A layer
 * of a job becomes the owner's; one that is there already may be held too (name "").
 */
int image_hold(struct image_store *store, const char *owner, int staging, const struct image_job_layer *layer,
	       struct err *err) must_check;
/* Files of layers that nobody needs any more go away in image_hold_sweep, once after many releases. */
int image_release(struct image_store *store, const char *owner, struct err *err) must_check;
int image_hold_sweep(struct image_store *store, struct err *err) must_check;
bool image_layer_known(struct image_store *store, const char *diff_id);

/* Docker's `tag`: source as for image_find; repository and tag as the API gives them, tag may be NULL or "". */
int image_tag(struct image_store *store, const char *source, const char *repository, const char *tag,
	      struct err *err) must_check;
/* The same for an ID that was just put (import with a name). */
int image_tag_id(struct image_store *store, const struct digest *id, const char *repository, const char *tag,
		 struct err *err) must_check;

enum image_use { IMAGE_UNUSED, IMAGE_USED_STOPPED, IMAGE_USED_RUNNING };

/* Who uses an image, asked of the engine; fills the container's ID (12 digits) when used. Running counts before
 * stopped. */
struct image_users {
	enum image_use (*find)(void *cookie, const struct digest *id, char out_container[13]);
	void *cookie;
};

struct image_removed {	/* in the order of Docker's answer: exactly one of the two */
	char *untagged; /* familiar reference */
	char *deleted;	/* image ID */
};
struct image_removed_list {
	struct image_removed *items;
	size_t count;
};

/*
 * Docker's `rmi` with its rules and texts: a name is removed; the image too when it was the last one. -ENOENT, or
 * -EBUSY "conflict: unable to remove repository reference ..." (HTTP 409). A forced removal of an image that a stopped
 * container uses takes it out of sight; its files go with the last user, in image_store_collect.
 */
int image_remove(struct image_store *store, struct arena *arena, const char *text, bool force,
		 const struct image_users *users, struct image_removed_list *out_removed, struct err *err) must_check;

/* After containers were removed: deletes what image_remove had to leave to them. */
int image_store_collect(struct image_store *store, const struct image_users *users, struct err *err) must_check;
