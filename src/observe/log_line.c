#include "observe/log_line.h"

#include "base/time.h"

#include <string.h>

struct cursor {
	char *at, *end;
};

static bool take(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits behind \u, or -1. */
static int32_t unit_take(struct cursor *cursor)
{
	int32_t unit = 0;
	if (cursor->end - cursor->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*cursor->at++);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static char *utf8_put(char *out, int32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 63));
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	}
	return out;
}

/* A half of a surrogate pair that stands alone becomes U+FFFD, as in Go. NULL for what is no escape. */
static char *unicode_take(struct cursor *cursor, char *out)
{
	int32_t c = unit_take(cursor);
	if (c < 0)
		return NULL;
	if (c >= 0xd800 && c < 0xdc00 && cursor->end - cursor->at >= 6 && cursor->at[0] == '\\' &&
	    cursor->at[1] == 'u') {
		struct cursor ahead = {cursor->at + 2, cursor->end};
		int32_t low = unit_take(&ahead);
		if (low >= 0xdc00 && low < 0xe000) {
			*cursor = ahead;
			return utf8_put(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		}
	}
	return utf8_put(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
}

static char *escape_take(struct cursor *cursor, char *out)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	if (cursor->at == cursor->end)
		return NULL;
	char c = *cursor->at++;
	if (c == 'u')
		return unicode_take(cursor, out);
	const char *name = c ? strchr(names, c) : NULL;
	if (!name)
		return NULL;
	*out++ = bytes[name - names];
	return out;
}

/* A string, decoded to where it begins: an escape is never shorter than what it stands for. */
static bool string_take(struct cursor *cursor, char **out_text, size_t *out_size)
{
	if (!take(cursor, '"'))
		return false;
	char *start = cursor->at, *out = start;
	while (cursor->at < cursor->end) {
		char c = *cursor->at++;
		if (c == '"') {
			*out_text = start;
			*out_size = (size_t)(out - start);
			*out = 0; /* on the quote, or before it */
			return true;
		}
		if (c != '\\') {
			*out++ = c;
			continue;
		}
		out = escape_take(cursor, out);
		if (!out)
			return false;
	}
	return false;
}

static bool is(const char *text, size_t size, const char *wanted)
{
	return strlen(wanted) == size && memcmp(text, wanted, size) == 0;
}

static void time_read(const char *text, size_t size, struct log_line *line)
{
	char terminated[64];
	if (size >= sizeof terminated)
		return;
	memcpy(terminated, text, size);
	terminated[size] = 0;
	if (time_parse_rfc3339(terminated, &line->time_ns) < 0)
		line->time_ns = 0;
}

/* "attrs":{...}, which Docker writes when it is asked to: strings too. */
static bool attributes_take(struct cursor *cursor, struct log_line *line)
{
	char *key, *value;
	size_t size;
	if (!take(cursor, '{'))
		return false;
	if (take(cursor, '}'))
		return true;
	do {
		if (!string_take(cursor, &key, &size) || !take(cursor, ':') || !string_take(cursor, &value, &size))
			return false;
		if (line->attribute_count < LOG_LINE_ATTRIBUTES)
			line->attributes[line->attribute_count++] = (struct log_attribute){key, value};
	} while (take(cursor, ','));
	return take(cursor, '}');
}

bool log_line_decode(char *line, size_t size, struct log_line *out_line)
{
	struct cursor cursor = {line, line + size};
	struct log_line decoded = {0};
	bool has_text = false;
	if (!take(&cursor, '{'))
		return false;
	do {
		char *key, *value;
		size_t key_size, value_size;
		if (!string_take(&cursor, &key, &key_size) || !take(&cursor, ':'))
			return false;
		if (is(key, key_size, "attrs")) {
			if (!attributes_take(&cursor, &decoded))
				return false;
			continue;
		}
		if (!string_take(&cursor, &value, &value_size))
			return false;
		if (is(key, key_size, "log")) {
			decoded.text = value;
			decoded.size = value_size;
			has_text = true;
		} else if (is(key, key_size, "stream")) {
			decoded.is_stderr = is(value, value_size, "stderr");
		} else if (is(key, key_size, "time")) {
			time_read(value, value_size, &decoded);
		}
	} while (take(&cursor, ','));
	if (!take(&cursor, '}') || !has_text)
		return false;
	*out_line = decoded;
	return true;
}
