#include "api/query.h"

#include "base/text.h"
#include "base/time.h"

#include <string.h>
#include <strings.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int text_decode(struct arena *arena, const char *text, size_t size, bool plus, const char **out_text,
		       struct err *err)
{
	char *out = arena_alloc(arena, size + 1);
	size_t length = 0;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c == '%') {
			int high = i + 2 < size ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < size ? hex_value(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return err_set(err, EINVAL, "invalid URL escape \"%.*s\"",
					       size - i < 3 ? (int)(size - i) : 3, text + i);
			c = (char)(high << 4 | low);
			if (c == 0)
				return err_set(err, EINVAL, "invalid URL escape \"%%00\"");
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		out[length++] = c;
	}
	out[length] = 0;
	*out_text = out;
	return 0;
}

int path_decode(struct arena *arena, const char *text, size_t size, const char **out_path, struct err *err)
{
	return text_decode(arena, text, size, false, out_path, err);
}

int query_parse(struct arena *arena, const char *text, struct query *out_query, struct err *err)
{
	struct query query = {0};
	if (text_empty(text)) {
		*out_query = query;
		return 0;
	}
	size_t room = 1;
	for (const char *c = text; *c; c++)
		room += *c == '&';
	if (room > QUERY_PAIRS_MAX)
		return err_set(err, E2BIG, "more than %d parameters in the query", QUERY_PAIRS_MAX);
	query.pairs = arena_array(arena, struct query_pair, room);
	while (*text) {
		size_t size = strcspn(text, "&");
		const char *equals = memchr(text, '=', size);
		size_t key_size = equals ? (size_t)(equals - text) : size;
		if (memchr(text, ';', size))
			return err_set(err, EINVAL, "invalid semicolon separator in query");
		if (size > 0) {
			struct query_pair *pair = &query.pairs[query.count++];
			int rc = text_decode(arena, text, key_size, true, &pair->key, err);
			if (rc == 0 && equals)
				rc = text_decode(arena, equals + 1, size - key_size - 1, true, &pair->value, err);
			if (rc < 0)
				return rc;
			if (!equals)
				pair->value = "";
		}
		text += size + (text[size] == '&');
	}
	*out_query = query;
	return 0;
}

const char *query_get(const struct query *query, const char *key)
{
	for (size_t i = 0; i < query->count; i++) {
		if (text_equal(query->pairs[i].key, key))
			return query->pairs[i].value;
	}
	return NULL;
}

char **query_list(struct arena *arena, const struct query *query, const char *key, bool split)
{
	size_t room = 1;
	for (size_t i = 0; i < query->count; i++) {
		if (!text_equal(query->pairs[i].key, key))
			continue;
		room++;
		for (const char *c = query->pairs[i].value; *c && split; c++)
			room += *c == ',';
	}
	char **list = arena_array(arena, char *, room);
	size_t count = 0;
	for (size_t i = 0; i < query->count; i++) {
		if (!text_equal(query->pairs[i].key, key))
			continue;
		const char *value = query->pairs[i].value;
		while (*value) {
			size_t size = split ? strcspn(value, ",") : strlen(value);
			if (size > 0)
				list[count++] = arena_strndup(arena, value, size);
			value += size + (value[size] == ',');
		}
	}
	return list;
}

bool query_bool(const struct query *query, const char *key, bool missing)
{
	static const char *const false_words[] = {"", "0", "no", "false", "none"};
	const char *value = query_get(query, key);
	if (!value)
		return missing;
	value += strspn(value, " \t\r\n");
	size_t size = strlen(value);
	while (size > 0 && strchr(" \t\r\n", value[size - 1]))
		size--;
	for (size_t i = 0; i < array_size(false_words); i++) {
		if (strlen(false_words[i]) == size && strncasecmp(value, false_words[i], size) == 0)
			return false;
	}
	return true;
}

int query_number(const struct query *query, const char *key, int64_t min, int64_t max, int64_t missing,
		 int64_t *out_value, struct err *err)
{
	const char *value = query_get(query, key);
	if (text_empty(value)) {
		*out_value = missing;
		return 0;
	}
	return number_parse(value, min, max, key, out_value, err);
}

/* "1700000000" or "1700000000.000000123": at most nine digits of fraction. */
static int seconds_parse(const char *text, int64_t *out_wall_ns)
{
	enum { FRACTION_MAX = 9 };
	const int64_t seconds_max = 9000000000;
	int64_t seconds = 0, fraction = 0;
	size_t digits = 0;
	for (; *text >= '0' && *text <= '9'; text++, digits++) {
		seconds = seconds * 10 + (*text - '0');
		if (seconds > seconds_max)
			return -EINVAL;
	}
	if (digits == 0)
		return -EINVAL;
	if (*text == '.') {
		size_t places = 0;
		for (text++; *text >= '0' && *text <= '9' && places < FRACTION_MAX; text++, places++)
			fraction = fraction * 10 + (*text - '0');
		if (places == 0)
			return -EINVAL;
		for (; places < FRACTION_MAX; places++)
			fraction *= 10;
	}
	if (*text)
		return -EINVAL;
	*out_wall_ns = seconds * 1000000000 + fraction;
	return 0;
}

int query_time(const struct query *query, const char *key, int64_t missing, int64_t *out_wall_ns, struct err *err)
{
	const char *value = query_get(query, key);
	if (text_empty(value)) {
		*out_wall_ns = missing;
		return 0;
	}
	if (seconds_parse(value, out_wall_ns) == 0 || time_parse_rfc3339(value, out_wall_ns) == 0)
		return 0;
	return err_set(err, EINVAL, "invalid value for \"%s\": \"%s\" is neither UNIX seconds nor an RFC 3339 time",
		       key, value);
}
