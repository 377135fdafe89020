#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

struct list {
	const void *items;
	size_t count;
};

static void encode_control(struct buf *out, unsigned char byte)
{
	static const char names[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const char *at = byte ? strchr(names, byte) : NULL;
	if (at)
		buf_printf(out, "\\%c", letters[at - names]);
	else
		buf_printf(out, "\\u%04x", byte);
}

void json_encode_string(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text, *plain = at;
	buf_char(out, '"');
	while (*at) {
		size_t length = text_sequence((const char *)at);
		bool escape = *at < 0x20 || *at == '"' || *at == '\\' || *at == 0x7f;
		if (length && !escape) {
			at += length;
			continue;
		}
		buf_append(out, plain, (size_t)(at - plain));
		if (!length)
			buf_text(out, "\xef\xbf\xbd");
		else if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else
			encode_control(out, *at);
		plain = ++at;
	}
	buf_append(out, plain, (size_t)(at - plain));
	buf_char(out, '"');
}

static void encode_double(struct buf *out, double value)
{
	char text[40];
	if (!isfinite(value))
		value = 0; /* JSON has no other */
	snprintf(text, sizeof text, "%.15g", value);
	if (strtod(text, NULL) < value || strtod(text, NULL) > value)
		snprintf(text, sizeof text, "%.17g", value);
	buf_text(out, text);
}

/* Compact with spaces == 0, otherwise a line per item, as Go's MarshalIndent. */
static void encode_json(struct buf *out, const struct json *value, unsigned spaces, unsigned depth)
{
	bool object = value->kind == JSON_OBJECT;
	switch (value->kind) {
	case JSON_NULL:
		buf_text(out, "null");
		return;
	case JSON_BOOL:
		buf_text(out, value->boolean ? "true" : "false");
		return;
	case JSON_NUMBER:
		buf_text(out, value->text);
		return;
	case JSON_STRING:
		json_encode_string(out, value->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	buf_char(out, object ? '{' : '[');
	for (size_t i = 0; i < value->count; i++) {
		if (i)
			buf_char(out, ',');
		if (spaces)
			buf_printf(out, "\n%*s", (int)(spaces * (depth + 1)), "");
		if (object) {
			json_encode_string(out, value->keys[i]);
			buf_text(out, spaces ? ": " : ":");
		}
		encode_json(out, value->items[i], spaces, depth + 1);
	}
	if (spaces && value->count)
		buf_printf(out, "\n%*s", (int)(spaces * depth), "");
	buf_char(out, object ? '}' : ']');
}

void json_encode_value(struct buf *out, const struct json *value)
{
	encode_json(out, value, 0, 0);
}

void json_indent(struct buf *out, const struct json *value, unsigned spaces)
{
	encode_json(out, value, spaces, 0);
}

/* --- tables --- */

static bool all_zero(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

/* For JSON_OMIT: whether the member holds nothing. */
static bool is_empty(const struct json_field *field, const void *at)
{
	switch (field->type) {
	case JSON_T_BOOL:
		return !*(const bool *)at;
	case JSON_T_I64:
	case JSON_T_U64:
		return *(const uint64_t *)at == 0;
	case JSON_T_U32:
		return *(const uint32_t *)at == 0;
	case JSON_T_F64:
		return all_zero(at, sizeof(double));
	case JSON_T_STR:
		return text_empty(*(char *const *)at);
	case JSON_T_STRV:
		return strv_count(*(char *const *const *)at) == 0;
	case JSON_T_MAP:
	case JSON_T_U32V:
	case JSON_T_LIST:
	case JSON_T_OBJECT_MAP:
		return ((const struct list *)at)->count == 0;
	case JSON_T_OPT_BOOL:
	case JSON_T_OPT_I64:
	case JSON_T_OPT_U64:
	case JSON_T_OPT_U32:
	case JSON_T_POINTER:
	case JSON_T_RAW:
		return !*(void *const *)at;
	case JSON_T_OBJECT:
		return all_zero(at, field->table->size);
	}
	return false;
}

static void encode_strings(struct buf *out, char *const *list)
{
	buf_char(out, '[');
	for (size_t i = 0; list && list[i]; i++) {
		if (i)
			buf_char(out, ',');
		json_encode_string(out, list[i]);
	}
	buf_char(out, ']');
}

static void encode_map(struct buf *out, const struct json_map *map)
{
	buf_char(out, '{');
	for (size_t i = 0; i < map->count; i++) {
		if (i)
			buf_char(out, ',');
		json_encode_string(out, map->items[i].key);
		buf_char(out, ':');
		json_encode_string(out, map->items[i].value ? map->items[i].value : "");
	}
	buf_char(out, '}');
}

static void encode_items(struct buf *out, const struct json_table *table, const struct list *list, bool keyed)
{
	buf_char(out, keyed ? '{' : '[');
	for (size_t i = 0; i < list->count; i++) {
		const char *item = (const char *)list->items + i * table->size;
		if (i)
			buf_char(out, ',');
		if (keyed) {
			json_encode_string(out, *(char *const *)(const void *)item);
			buf_char(out, ':');
		}
		json_encode(out, table, item);
	}
	buf_char(out, keyed ? '}' : ']');
}

static void encode_u32v(struct buf *out, const struct json_u32v *list)
{
	buf_char(out, '[');
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s%u", i ? "," : "", list->items[i]);
	buf_char(out, ']');
}

static bool is_null(const struct json_field *field, const void *at)
{
	switch (field->type) {
	case JSON_T_OPT_BOOL:
	case JSON_T_OPT_I64:
	case JSON_T_OPT_U64:
	case JSON_T_OPT_U32:
	case JSON_T_POINTER:
	case JSON_T_RAW:
		return !*(void *const *)at;
	case JSON_T_STR:
		return (field->flags & JSON_NULLABLE) && !*(void *const *)at;
	case JSON_T_STRV:
	case JSON_T_MAP:
	case JSON_T_U32V:
	case JSON_T_LIST:
	case JSON_T_OBJECT_MAP:
		return (field->flags & JSON_NULLABLE) && is_empty(field, at);
	default:
		return false;
	}
}

static void encode_member(struct buf *out, const struct json_field *field, const void *at)
{
	if (is_null(field, at)) {
		buf_text(out, "null");
		return;
	}
	switch (field->type) {
	case JSON_T_BOOL:
		buf_text(out, *(const bool *)at ? "true" : "false");
		return;
	case JSON_T_OPT_BOOL:
		buf_text(out, **(bool *const *)at ? "true" : "false");
		return;
	case JSON_T_I64:
		buf_printf(out, "%lld", (long long)*(const int64_t *)at);
		return;
	case JSON_T_OPT_I64:
		buf_printf(out, "%lld", (long long)**(int64_t *const *)at);
		return;
	case JSON_T_U64:
		buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
		return;
	case JSON_T_OPT_U64:
		buf_printf(out, "%llu", (unsigned long long)**(uint64_t *const *)at);
		return;
	case JSON_T_U32:
		buf_printf(out, "%u", *(const uint32_t *)at);
		return;
	case JSON_T_OPT_U32:
		buf_printf(out, "%u", **(uint32_t *const *)at);
		return;
	case JSON_T_F64:
		encode_double(out, *(const double *)at);
		return;
	case JSON_T_STR:
		json_encode_string(out, *(char *const *)at ? *(char *const *)at : "");
		return;
	case JSON_T_STRV:
		encode_strings(out, *(char *const *const *)at);
		return;
	case JSON_T_MAP:
		encode_map(out, at);
		return;
	case JSON_T_U32V:
		encode_u32v(out, at);
		return;
	case JSON_T_OBJECT:
		json_encode(out, field->table, at);
		return;
	case JSON_T_POINTER:
		json_encode(out, field->table, *(void *const *)at);
		return;
	case JSON_T_LIST:
	case JSON_T_OBJECT_MAP:
		encode_items(out, field->table, at, field->type == JSON_T_OBJECT_MAP);
		return;
	case JSON_T_RAW:
		json_encode_value(out, *(const struct json *const *)at);
		return;
	}
}

void json_encode(struct buf *out, const struct json_table *table, const void *structure)
{
	const char *base = structure;
	if (table->count == 1 && !*table->fields[0].name) {
		encode_member(out, table->fields, base + table->fields[0].offset);
		return;
	}
	bool first = true;
	buf_char(out, '{');
	for (size_t i = 0; i < table->count; i++) {
		const struct json_field *field = &table->fields[i];
		const void *at = base + field->offset;
		if ((field->flags & JSON_OMIT) && is_empty(field, at))
			continue;
		if (!first)
			buf_char(out, ',');
		first = false;
		json_encode_string(out, field->name);
		buf_char(out, ':');
		encode_member(out, field, at);
	}
	buf_char(out, '}');
}
