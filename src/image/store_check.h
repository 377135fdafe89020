/*
 * What the store should hold, for `system fsck`, and whether its record agrees with itself.
 */
#pragma once

#include "image/job.h"
#include "image/store.h"

/* Every layer, with a compressed blob of it where one is kept, and every other blob. */
int image_check_list(struct image_store *store, struct arena *arena, struct fsck_spec *out_spec,
		     struct err *err) must_check;

/* The images that a damaged layer or blob belongs to, as people call them: "a:1, b:2". */
char *image_check_users(struct image_store *store, struct arena *arena, const char *digest);

/* Tells each contradiction: rows without files are the job's to find. */
int image_check_record(struct image_store *store, void (*tell)(void *cookie, const char *object, const char *problem),
		       void *cookie, struct err *err) must_check;

/* A blob that can be made again from its layer, or be fetched again, is forgotten; 1: done, 0: it is needed. */
int image_check_forget(struct image_store *store, const char *digest, struct err *err) must_check;

/* Puts a layer that was unpacked again in the place of the damaged one. Nothing may have it mounted. */
int image_check_replace(struct image_store *store, int staging, const struct image_job_layer *layer,
			struct err *err) must_check;
