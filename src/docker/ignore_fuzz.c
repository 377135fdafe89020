/*
 * Up to the first zero byte a .dockerignore, behind it a path. Whatever a file says is read or refused, and a path is
 * judged alike twice.
 */
#include "docker/ignore.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	struct ignore ignore;
	struct err err;
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t length = zero ? (size_t)(zero - data) : size;
	if (size > 4096 || ignore_parse(&arena, (const char *)data, length, &ignore, &err) < 0)
		return 0;
	char *path = arena_strndup(&arena, zero ? (const char *)zero + 1 : "a/b", zero ? size - length - 1 : 3);
	char *clean = path_clean(&arena, path);
	if (strcmp(clean, path_clean(&arena, clean)) != 0)
		BUG("%s is not clean", clean);
	if (ignore_excludes(&ignore, clean) != ignore_excludes(&ignore, clean))
		BUG("%s is judged differently", clean);
	(void)ignore_may_hold(&ignore, clean);
	return 0;
}
