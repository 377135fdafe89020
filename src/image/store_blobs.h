/*
 * What registries know images by, beside the images themselves: the exact manifests that they came with or were pushed
 * as, the compressed layers (kept, so that a push sends what came), where those are known to be, and names with a
 * digest. Part of image_store (store.h); engine process only.
 *
 * All of it hangs on images and layers and goes with them.
 */
#pragma once

#include "image/store.h"

/* Makes the tables; for image_store_open. */
int image_blobs_migrate(struct database *database, struct err *err) must_check;
/* Takes over these parts of a job's result, inside the transaction of image_store_put. */
int image_blobs_put(struct image_store *store, int staging, const struct image_job_result *result,
		    struct err *err) must_check;

/* "docker.io/library/alpine@sha256:...", sorted. */
int image_digests(struct image_store *store, struct arena *arena, const struct digest *id, char ***out_list,
		  struct err *err) must_check;
/* The image of such a name; 1: found. */
int image_by_digest(struct image_store *store, struct arena *arena, const char *repository, const char *digest,
		    char **out_id, struct err *err) must_check;
/* The names that an image has by digest in one repository go ("docker.io/library/alpine"). */
int image_forget_digests(struct image_store *store, const struct digest *id, const char *repository,
			 struct err *err) must_check;

struct image_manifest {
	char *digest, *media_type;
};
struct image_manifest_list { /* newest first */
	struct image_manifest *items;
	size_t count;
};
int image_manifests(struct image_store *store, struct arena *arena, const struct digest *id,
		    struct image_manifest_list *out_list, struct err *err) must_check;

struct image_layer_blob {
	char *digest, *diff_id, *media_type;
	uint64_t size;
	char **repositories; /* that have it, as far as is known */
};
struct image_layer_blob_list {
	struct image_layer_blob *items;
	size_t count;
};
/* Of all layers of an image, newest first. */
int image_layer_blobs(struct image_store *store, struct arena *arena, const struct digest *id,
		      struct image_layer_blob_list *out_list, struct err *err) must_check;

/* Every manifest, config and layer blob is looked for here by image_store_sweep. */
#define IMAGE_BLOB_USED                                                                         \
	"SELECT 1 FROM image WHERE id = ?1 UNION ALL SELECT 1 FROM manifest WHERE digest = ?1 " \
	"UNION ALL SELECT 1 FROM layer_blob WHERE digest = ?1"

/* Unfinished downloads of images that nobody pulls at the moment go; for prune. */
int image_downloads_clear(struct image_store *store, uint64_t *out_bytes, struct err *err) must_check;
