/*
 * Figures about images and layers, from the record alone.
 */
#pragma once

#include "image/store.h"

/* Bytes of each layer of an image, base first; *out_count of them. */
int image_layer_sizes(struct image_store *store, struct arena *arena, const struct digest *id, uint64_t **out_sizes,
		      size_t *out_count, struct err *err) must_check;

/* Bytes of the layers that the image has in common with others. */
int image_shared_size(struct image_store *store, const struct digest *id, uint64_t *out_size,
		      struct err *err) must_check;

/* Bytes of all layers. */
int image_layers_total(struct image_store *store, uint64_t *out_size, struct err *err) must_check;

/*
 * Between these, what is removed is removed in one transaction, and files go away once, at the end. Between begin and
 * end, a removal that fails undoes all.
 */
int image_batch_begin(struct image_store *store, struct err *err) must_check;
int image_batch_end(struct image_store *store, struct err *err) must_check;

/*
 * The labels of an image, in the arena. A configuration never changes, so it is read and checked once only; one that is
 * damaged or gone has none: fsck says what it is.
 */
int image_labels(struct image_store *store, struct arena *arena, const struct digest *id, struct json_map *out_labels,
		 struct err *err) must_check;
