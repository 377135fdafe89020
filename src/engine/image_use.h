/*
 * Which containers use an image. Inside the engine only.
 */
#pragma once

#include "image/store.h"

struct engine;

/* As struct image_users wants it. */
enum image_use image_use_find(void *engine, const struct digest *id, char out_container[13]);

/* How many containers were made of it. */
int64_t image_use_count(const struct engine *engine, const char *id);

/* After containers went, and at start: images that were removed while containers used them go with the last one. */
void image_use_collect(struct engine *engine);
