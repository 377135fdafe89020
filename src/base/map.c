#include "base/map.h"

#include "base/random.h"

#include <stdint.h>
#include <string.h>

/* Open addressing with linear probing; the capacity is a power of two, at most three quarters full. */
struct map_slot {
	char *key; /* NULL: free */
	void *value;
	uint64_t hash;
};

static uint64_t seed; /* of this process: an outsider cannot choose keys that collide */

/* FNV-1a from a random start, stirred at the end so that the low bits depend on all of it. */
static uint64_t key_hash(const char *key)
{
	while (!seed)
		random_bytes(&seed, sizeof seed);
	uint64_t hash = seed;
	for (; *key; key++)
		hash = (hash ^ (uint8_t)*key) * 0x100000001b3ULL;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	return hash ^ hash >> 32;
}

void map_done(struct map *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		free(map->slots[i].key);
	free(map->slots);
	*map = (struct map){0};
}

/* The slot that holds key, or the free one where it belongs. There is always a free one. */
static struct map_slot *find(const struct map *map, const char *key, uint64_t hash)
{
	for (size_t i = hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
		struct map_slot *slot = &map->slots[i];
		if (!slot->key || (slot->hash == hash && strcmp(slot->key, key) == 0))
			return slot;
	}
}

void *map_get(const struct map *map, const char *key)
{
	return map->count ? find(map, key, key_hash(key))->value : NULL;
}

static void grow(struct map *map)
{
	struct map bigger = {.count = map->count, .capacity = map->capacity ? map->capacity * 2 : 8};
	bigger.slots = x_alloc(bigger.capacity * sizeof *bigger.slots);
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key)
			*find(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
	free(map->slots);
	*map = bigger;
}

void *map_put(struct map *map, const char *key, void *value)
{
	uint64_t hash = key_hash(key);
	if (map->count + 1 > map->capacity - map->capacity / 4)
		grow(map);
	struct map_slot *slot = find(map, key, hash);
	void *before = slot->value;
	if (!slot->key) {
		slot->key = x_strdup(key);
		slot->hash = hash;
		map->count++;
	}
	slot->value = value;
	return before;
}

void *map_remove(struct map *map, const char *key)
{
	if (!map->count)
		return NULL;
	struct map_slot *slot = find(map, key, key_hash(key));
	if (!slot->key)
		return NULL;
	void *value = slot->value;
	free(slot->key);
	*slot = (struct map_slot){0};
	map->count--;
	/* Those behind it that found it occupied move up. */
	size_t mask = map->capacity - 1, hole = (size_t)(slot - map->slots);
	for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		map->slots[i] = (struct map_slot){0};
		hole = i;
	}
	return value;
}

bool map_next(const struct map *map, size_t *position, const char **out_key, void **out_value)
{
	for (; *position < map->capacity; ++*position) {
		struct map_slot *slot = &map->slots[*position];
		if (!slot->key)
			continue;
		*out_key = slot->key;
		*out_value = slot->value;
		++*position;
		return true;
	}
	return false;
}
