/*
 * The tables of images in the record (storage/database.h), used by store.c and store_remove.c.
 */
#pragma once

#include "image/job.h"
#include "image/store.h"

#include "base/map.h"

struct image_store {
	struct database *database;
	int data;	   /* the caller's */
	struct map labels; /* of images whose configuration was read before (store_query.c) */
	bool batch;	   /* image_batch_begin: files go away at its end (store_query.h) */
};

/* Reads the image with this ID; hidden ones only when asked for. -ENOENT without a useful text: name it yourself. */
int image_read(struct image_store *store, struct arena *arena, const char *id, bool hidden, struct image *out_image,
	       struct err *err) must_check;

/* What a text from outside means. */
enum image_name_kind { IMAGE_BY_TAG, IMAGE_BY_ID };
int image_resolve(struct image_store *store, struct arena *arena, const char *text, struct image *out_image,
		  enum image_name_kind *out_kind, char **out_name, struct err *err) must_check;

/* Files of layers and configurations that no row names go away. */
int image_store_sweep(struct image_store *store, struct err *err) must_check;

/* Publishes a layer and records it; in a transaction of the caller's. */
int store_put_layer(struct image_store *store, int staging, const struct image_job_layer *layer,
		    struct err *err) must_check;

/* Rows of layers that neither an image nor a hold needs. */
int store_drop_layers(struct image_store *store, struct err *err) must_check;

/* Frees what image_labels has kept. */
void store_labels_forget(struct image_store *store);
