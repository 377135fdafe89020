/*
 * Memory that lives and dies together: a decoded document, a plan under construction.
 *
 * Blocks are never freed one by one. All memory is zeroed and aligned for any type. Running out of memory aborts.
 */
#pragma once

#include "base/error.h"

struct arena {
	struct arena_block *last;
	size_t total; /* bytes handed out */
};

void arena_done(struct arena *arena);
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
void *arena_alloc_array(struct arena *arena, size_t size, size_t count); /* checked multiplication */

#define auto_arena __attribute__((cleanup(arena_done))) struct arena
