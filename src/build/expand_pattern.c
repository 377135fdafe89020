#include "build/expand_pattern.h"

#include <string.h>

enum { PATTERN_MAX = 1024 };

struct pattern {
	unsigned char kinds[PATTERN_MAX], characters[PATTERN_MAX]; /* kind: '*', '?' or 0 for the character itself */
	size_t count;
};

static void pattern_read(struct pattern *pattern, const char *text, char escape)
{
	pattern->count = 0;
	for (; *text && pattern->count < PATTERN_MAX; text++) {
		size_t at = pattern->count++;
		pattern->kinds[at] = *text == '*' || *text == '?' ? (unsigned char)*text : 0;
		if (*text == escape && text[1])
			text++;
		pattern->characters[at] = (unsigned char)*text;
	}
}

static void states_close(const struct pattern *pattern, bool *states)
{
	for (size_t i = 0; i < pattern->count; i++)
		states[i + 1] |= states[i] && pattern->kinds[i] == '*';
}

static void states_step(const struct pattern *pattern, const bool *from, bool *to, unsigned char c)
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

static ssize_t match_end(const struct pattern *pattern, const char *text, size_t size, bool longest, int64_t *work)
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
		states_step(pattern, states[now], states[!now], (unsigned char)text[i]);
	}
}

ssize_t pattern_prefix(const char *text_pattern, char escape, const char *text, size_t size, bool longest,
		       int64_t *work)
{
	struct pattern pattern;
	pattern_read(&pattern, text_pattern, escape);
	return match_end(&pattern, text, size, longest, work);
}

ssize_t pattern_suffix(const char *text_pattern, char escape, const char *text, size_t size, bool longest,
		       int64_t *work)
{
	/* Backwards, a suffix is a prefix. */
	struct pattern pattern, reversed;
	auto_free char *back = x_alloc(size + 1);
	pattern_read(&pattern, text_pattern, escape);
	reversed.count = pattern.count;
	for (size_t i = 0; i < pattern.count; i++) {
		reversed.kinds[i] = pattern.kinds[pattern.count - 1 - i];
		reversed.characters[i] = pattern.characters[pattern.count - 1 - i];
	}
	for (size_t i = 0; i < size; i++)
		back[i] = text[size - 1 - i];
	ssize_t end = match_end(&reversed, back, size, longest, work);
	return end < 0 ? end : (ssize_t)size - end;
}

void pattern_replace(const char *text_pattern, char escape, const char *text, const char *with, bool all,
		     struct buf *out, int64_t *work)
{
	struct pattern pattern;
	size_t size = strlen(text);
	bool done = false;
	pattern_read(&pattern, text_pattern, escape);
	for (size_t at = 0; at < size;) {
		ssize_t end = done ? -1 : match_end(&pattern, text + at, size - at, true, work);
		if (end > 0) {
			buf_text(out, with);
			at += (size_t)end;
			done = !all;
		} else {
			buf_char(out, text[at++]);
		}
	}
}
