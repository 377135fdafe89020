#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_SIZE = 8192 - 64 };

struct arena_block {
	struct arena_block *previous;
	size_t used, size;
	alignas(max_align_t) char data[];
};

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->last;
	while (block) {
		struct arena_block *previous = block->previous;
		free(block);
		block = previous;
	}
	*arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t step = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		BUG("arena_alloc of %zu bytes", size);
	size = (size + step - 1) / step * step;
	struct arena_block *block = arena->last;
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		block = x_alloc(sizeof *block + room);
		block->size = room;
		block->previous = arena->last;
		arena->last = block;
	}
	void *pointer = block->data + block->used;
	block->used += size;
	arena->total += size;
	return pointer;
}

void *arena_alloc_array(struct arena *arena, size_t size, size_t count)
{
	size_t total;
	if (__builtin_mul_overflow(size, count, &total))
		BUG("arena array of %zu items", count);
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	copy[length] = 0;
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		BUG("format %s", format);
	char *text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
