#include "build/expand_pattern.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>

enum { PATTERN_MAX = 1024 };

/* Characters are those of UTF-8: `?` never stands for a part of one. */
struct pattern {
	unsigned char kinds[PATTERN_MAX]; /* '*', '?' or 0 for the character itself */
	uint32_t characters[PATTERN_MAX];
	size_t count;
};

/* The bytes of one character as a number that no other character has; their count. */
static size_t character_read(const char *text, uint32_t *out_character)
{
	size_t length = text_sequence(text);
	*out_character = 0;
	if (length == 0)
		length = 1;
	for (size_t i = 0; i < length; i++)
		*out_character = *out_character << 8 | (unsigned char)text[i];
	return length;
}

struct characters {
	uint32_t *items;
	size_t *offsets; /* count + 1 */
	size_t count;
};

static void characters_read(struct characters *characters, struct arena *arena, const char *text, size_t size)
{
	characters->items = arena_array(arena, uint32_t, size + 1);
	characters->offsets = arena_array(arena, size_t, size + 1);
	characters->count = 0;
	for (size_t at = 0; at < size;) {
		characters->offsets[characters->count] = at;
		at += character_read(text + at, &characters->items[characters->count++]);
	}
	characters->offsets[characters->count] = size;
}

static void pattern_read(struct pattern *pattern, const char *text, char escape)
{
	pattern->count = 0;
	while (*text && pattern->count < PATTERN_MAX) {
		size_t at = pattern->count++;
		pattern->kinds[at] = *text == '*' || *text == '?' ? (unsigned char)*text : 0;
		if (*text == escape && text[1])
			text++;
		text += character_read(text, &pattern->characters[at]);
	}
}

static void states_close(const struct pattern *pattern, bool *states)
{
	for (size_t i = 0; i < pattern->count; i++)
		states[i + 1] |= states[i] && pattern->kinds[i] == '*';
}

static void states_step(const struct pattern *pattern, const bool *from, bool *to, uint32_t c)
{
	memset(to, 0, pattern->count + 1);
	for (size_t i = 0; i < pattern->count; i++) {
		if (!from[i])
			continue;
		if (pattern->kinds[i] == '*')
			to[i] = true;
		else
			to[i + 1] |= pattern->kinds[i] == '?' || pattern->characters[i] == c;
	}
	states_close(pattern, to);
}

/* How many of the characters match; -1: none do. */
static ssize_t match_end(const struct pattern *pattern, const uint32_t *text, size_t size, bool longest, int64_t *work)
{
	bool states[2][PATTERN_MAX + 1] = {0};
	ssize_t end = -1;
	size_t now = 0;
	states[0][0] = true;
	states_close(pattern, states[0]);
	for (size_t i = 0;; i++, now = !now) {
		if (states[now][pattern->count]) {
			end = (ssize_t)i;
			if (!longest)
				return end;
		}
		*work -= (int64_t)pattern->count + 1;
		if (i == size || *work < 0)
			return end;
		states_step(pattern, states[now], states[!now], text[i]);
	}
}

ssize_t pattern_prefix(const char *text_pattern, char escape, const char *text, size_t size, bool longest,
		       int64_t *work)
{
	auto_arena arena = {0};
	struct characters characters;
	struct pattern pattern;
	pattern_read(&pattern, text_pattern, escape);
	characters_read(&characters, &arena, text, size);
	ssize_t end = match_end(&pattern, characters.items, characters.count, longest, work);
	return end < 0 ? end : (ssize_t)characters.offsets[end];
}

ssize_t pattern_suffix(const char *text_pattern, char escape, const char *text, size_t size, bool longest,
		       int64_t *work)
{
	/* Backwards, a suffix is a prefix. */
	auto_arena arena = {0};
	struct characters characters;
	struct pattern pattern, reversed;
	pattern_read(&pattern, text_pattern, escape);
	reversed.count = pattern.count;
	for (size_t i = 0; i < pattern.count; i++) {
		reversed.kinds[i] = pattern.kinds[pattern.count - 1 - i];
		reversed.characters[i] = pattern.characters[pattern.count - 1 - i];
	}
	characters_read(&characters, &arena, text, size);
	uint32_t *back = arena_array(&arena, uint32_t, characters.count + 1);
	for (size_t i = 0; i < characters.count; i++)
		back[i] = characters.items[characters.count - 1 - i];
	ssize_t end = match_end(&reversed, back, characters.count, longest, work);
	return end < 0 ? end : (ssize_t)characters.offsets[characters.count - (size_t)end];
}

void pattern_replace(const char *text_pattern, char escape, const char *text, const char *with, bool all,
		     struct buf *out, int64_t *work)
{
	auto_arena arena = {0};
	struct characters characters;
	struct pattern pattern;
	bool done = false;
	pattern_read(&pattern, text_pattern, escape);
	characters_read(&characters, &arena, text, strlen(text));
	for (size_t at = 0; at < characters.count;) {
		ssize_t end = done ? -1 : match_end(&pattern, characters.items + at, characters.count - at, true, work);
		if (end > 0) {
			buf_text(out, with);
			at += (size_t)end;
			done = !all;
		} else {
			buf_append(out, text + characters.offsets[at],
				   characters.offsets[at + 1] - characters.offsets[at]);
			at++;
		}
	}
}
