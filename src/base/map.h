/*
 * A hash map from strings to pointers. Keys are copied; values are the caller's. Seeded against chosen keys.
 */
#pragma once

#include "base/error.h"

struct map {
	struct map_slot *slots;
	size_t count, capacity;
};

void map_done(struct map *map);				      /* values are not freed */
void *map_get(const struct map *map, const char *key);	      /* NULL when missing */
void *map_put(struct map *map, const char *key, void *value); /* the value that was there, or NULL */
void *map_remove(struct map *map, const char *key);	      /* the value that was there, or NULL */
/* Iterates in no particular order: start with *position 0; false at the end. The map must not change meanwhile. */
bool map_next(const struct map *map, size_t *position, const char **out_key, void **out_value);
