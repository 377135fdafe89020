/*
 * Any text is read or refused; what was read stands in bounds, and each word of it expands or is refused.
 */
#include "build/dockerfile.h"
#include "build/expand.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *get(void *cookie, const char *name)
{
	(void)cookie;
	return name[0] == 'A' ? "/a/b.c" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	struct dockerfile file;
	struct err err;
	const struct expand_scope scope = {.get = get, .escape = '\\'};
	if (size > 65536 || dockerfile_parse(&arena, "Dockerfile", (const char *)data, size, &file, &err) < 0)
		return 0;
	for (size_t i = 0; i < file.count; i++) {
		const struct instruction *at = file.items[i];
		char *out;
		if (at->first_line > at->last_line || strlen(at->text) > size)
			BUG("an instruction out of bounds");
		for (char **word = at->words; word && *word; word++)
			(void)!expand_word(&arena, &scope, *word, &out, &err);
		for (size_t k = 0; k < at->pair_count; k++) {
			if (at->pairs[k].value)
				(void)!expand_word(&arena, &scope, at->pairs[k].value, &out, &err);
		}
	}
	return 0;
}
