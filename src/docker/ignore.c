#include "docker/ignore.h"

#include "base/text.h"

#include <string.h>

char *path_clean(struct arena *arena, const char *path)
{
	size_t size = strlen(path), length = 0;
	bool rooted = path[0] == '/';
	char *out = arena_alloc(arena, size + 3);
	size_t floor = 0; /* ".." does not go back behind it */
	if (rooted)
		out[length++] = '/';
	floor = length;
	for (const char *at = path; *at;) {
		size_t part = strcspn(at, "/");
		if (part == 0 || (part == 1 && at[0] == '.')) {
			/* nothing */
		} else if (part == 2 && at[0] == '.' && at[1] == '.' && length > floor) {
			while (length > floor && out[length - 1] != '/')
				length--;
			if (length > floor)
				length--;
		} else if (part != 2 || at[0] != '.' || at[1] != '.' || !rooted) {
			bool up = part == 2 && at[0] == '.' && at[1] == '.';
			if (length > 0 && out[length - 1] != '/')
				out[length++] = '/';
			memcpy(out + length, at, part);
			length += part;
			if (up)
				floor = length;
		}
		at += part + (at[part] == '/');
	}
	if (length == 0)
		out[length++] = '.';
	out[length] = 0;
	return out;
}

static char *trimmed(struct arena *arena, const char *text, size_t size)
{
	while (size > 0 && strchr(" \t\r\n\v\f", text[0]))
		text++, size--;
	while (size > 0 && strchr(" \t\r\n\v\f", text[size - 1]))
		size--;
	return arena_strndup(arena, text, size);
}

static int line_read(struct arena *arena, struct ignore *ignore, char *text, size_t number, struct err *err)
{
	struct ignore_line line = {0};
	if (text[0] == '!') {
		line.again = true;
		text = trimmed(arena, text + 1, strlen(text + 1));
		if (!*text)
			return err_set(err, EINVAL, "line %zu: illegal exclusion pattern: \"!\"", number);
	}
	line.text = path_clean(arena, text);
	if (line.text[0] == '/' && line.text[1])
		line.text++;
	int rc = glob_compile(arena, line.text, GLOB_DEEP, &line.glob, err);
	if (rc < 0)
		return err_wrap(err, "line %zu: %s", number, text);
	if (ignore->count == IGNORE_LINES_MAX)
		return err_set(err, E2BIG, "more than %d patterns", IGNORE_LINES_MAX);
	ignore->again = ignore->again || line.again;
	ignore->lines[ignore->count++] = line;
	return 0;
}

int ignore_parse(struct arena *arena, const char *text, size_t size, struct ignore *out_ignore, struct err *err)
{
	struct ignore ignore = {0};
	const char *at = text, *end = text + size;
	size_t lines = 1;
	if (size > IGNORE_SIZE_MAX)
		return err_set(err, E2BIG, "larger than %d bytes", IGNORE_SIZE_MAX);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	ignore.lines = arena_array(arena, struct ignore_line, lines);
	if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = newline ? (size_t)(newline - at) : (size_t)(end - at);
		if (memchr(at, 0, length))
			return err_set(err, EINVAL, "line %zu: a zero byte", number);
		char *line = trimmed(arena, at, length);
		int rc = *at == '#' || !*line ? 0 : line_read(arena, &ignore, line, number, err);
		if (rc < 0)
			return rc;
		at += length + 1;
	}
	*out_ignore = ignore;
	return 0;
}

static bool line_covers(const struct ignore_line *line, const char *path)
{
	size_t size = strlen(path);
	for (size_t i = 1; i <= size; i++) {
		if ((path[i] == '/' || !path[i]) && glob_match(line->glob, path, i))
			return true;
	}
	return false;
}

bool ignore_excludes(const struct ignore *ignore, const char *path)
{
	bool excluded = false;
	for (size_t i = 0; i < ignore->count; i++) {
		const struct ignore_line *line = &ignore->lines[i];
		if (line->again == excluded && line_covers(line, path))
			excluded = !line->again;
	}
	return excluded;
}

bool ignore_may_hold(const struct ignore *ignore, const char *directory)
{
	size_t size = strlen(directory);
	for (size_t i = 0; i < ignore->count; i++) {
		const struct ignore_line *line = &ignore->lines[i];
		if (!line->again)
			continue;
		/* Up to its first wildcard a pattern is a name. */
		size_t plain = strcspn(line->text, "*?[\\");
		size_t shared = plain < size ? plain : size;
		bool same = strncmp(line->text, directory, shared) == 0;
		if (same && (line->text[plain] ? true : plain > size && line->text[size] == '/'))
			return true;
	}
	return false;
}
