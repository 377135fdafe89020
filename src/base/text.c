#include "base/text.h"

#include <string.h>

const char *text_after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);
	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);
	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

bool text_empty(const char *text)
{
	return !text || !*text;
}

static size_t sequence_length(const char *text, size_t size)
{
	static const unsigned minimum[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
	if (length < 2 || length > size)
		return length > size ? 0 : length;
	unsigned code = first & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3fu);
	}
	return code < minimum[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : length;
}

size_t text_sequence(const char *text)
{
	return sequence_length(text, 4); /* a zero byte ends it */
}

size_t text_invalid(const char *text, size_t size)
{
	size_t at = 0;
	while (at < size) {
		size_t length = sequence_length(text + at, size - at);
		if (length == 0)
			return at;
		at += length;
	}
	return size;
}

bool text_is_digits(const char *text)
{
	return text && *text && strspn(text, "0123456789") == strlen(text);
}

static bool digits_value(const char *text, uint64_t *out_value)
{
	uint64_t value = 0;
	for (; *text; text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	*out_value = value;
	return true;
}

int number_parse_u64(const char *text, uint64_t max, const char *what, uint64_t *out_value, struct err *err)
{
	uint64_t value;
	if (!text_is_digits(text))
		return err_set(err, EINVAL, "%s: \"%s\" is not a number", what, text ? text : "");
	if (!digits_value(text, &value) || value > max)
		return err_set(err, ERANGE, "%s: %s is above %llu", what, text, (unsigned long long)max);
	*out_value = value;
	return 0;
}

int number_parse(const char *text, int64_t min, int64_t max, const char *what, int64_t *out_value, struct err *err)
{
	bool negative = text && text[0] == '-' && min < 0;
	const char *digits = negative ? text + 1 : text;
	uint64_t size;
	if (!text_is_digits(digits))
		return err_set(err, EINVAL, "%s: \"%s\" is not a number", what, text ? text : "");
	if (!digits_value(digits, &size) || size > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return err_set(err, ERANGE, "%s: %s is not from %lld to %lld", what, text, (long long)min,
			       (long long)max);
	int64_t value = negative ? (int64_t)(0 - size) : (int64_t)size;
	if (value < min || value > max)
		return err_set(err, ERANGE, "%s: %s is not from %lld to %lld", what, text, (long long)min,
			       (long long)max);
	*out_value = value;
	return 0;
}

size_t strv_count(char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

void strv_push(char ***list, char *owned)
{
	size_t count = strv_count(*list);
	*list = x_realloc(*list, (count + 2) * sizeof **list);
	(*list)[count] = owned;
	(*list)[count + 1] = NULL;
}

char **strv_copy(char *const *list)
{
	size_t count = strv_count(list);
	char **copy = x_alloc((count + 1) * sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = x_strdup(list[i]);
	return copy;
}

void strv_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

char **strv_split(const char *text, char separator)
{
	char **list = NULL;
	for (;;) {
		const char *end = strchrnul(text, separator);
		strv_push(&list, x_strndup(text, (size_t)(end - text)));
		if (!*end)
			return list;
		text = end + 1;
	}
}

void hex_encode(const void *data, size_t size, char *out_text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	for (size_t i = 0; i < size; i++) {
		out_text[2 * i] = digits[bytes[i] >> 4];
		out_text[2 * i + 1] = digits[bytes[i] & 15];
	}
	out_text[2 * size] = 0;
}
