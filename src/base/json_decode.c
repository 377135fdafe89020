#include "base/json.h"
#include "base/text.h"

#include <string.h>

struct decoder {
	struct arena *arena;
	unsigned options;
};

/* What JSON_LIST declares, whatever the items are. */
struct list {
	void *items;
	size_t count;
};

static const char *const kind_names[] = {
    [JSON_NULL] = "null",	[JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
    [JSON_STRING] = "a string", [JSON_ARRAY] = "a list",       [JSON_OBJECT] = "an object",
};

static int decode_object(struct decoder *decoder, const struct json_table *table, const struct json *value, void *out,
			 struct err *err);

static int want(const struct json *value, enum json_kind kind, struct err *err)
{
	if (value->kind != kind)
		return err_set(err, EINVAL, "%s is wanted, not %s", kind_names[kind], kind_names[value->kind]);
	return 0;
}

static int decode_unsigned(const struct json *value, uint64_t max, uint64_t *out, struct err *err)
{
	uint64_t number;
	if (want(value, JSON_NUMBER, err) < 0)
		return -err->code;
	if (json_number_u64(value, &number) < 0 || number > max)
		return err_set(err, EINVAL, "%.40s is not a whole number from 0 to %llu", value->text,
			       (unsigned long long)max);
	*out = number;
	return 0;
}

static int decode_signed(const struct json *value, int64_t *out, struct err *err)
{
	if (want(value, JSON_NUMBER, err) < 0)
		return -err->code;
	if (json_number_i64(value, out) < 0)
		return err_set(err, EINVAL, "%.40s is not a whole number of 64 bits", value->text);
	return 0;
}

static int decode_bool(const struct json *value, bool *out, struct err *err)
{
	if (want(value, JSON_BOOL, err) < 0)
		return -err->code;
	*out = value->boolean;
	return 0;
}

static int decode_string(struct decoder *decoder, const struct json *value, char **out, struct err *err)
{
	if (want(value, JSON_STRING, err) < 0)
		return -err->code;
	*out = arena_strdup(decoder->arena, value->text);
	return 0;
}

static int decode_strings(struct decoder *decoder, const struct json *value, char ***out, struct err *err)
{
	if (want(value, JSON_ARRAY, err) < 0)
		return -err->code;
	char **list = arena_array(decoder->arena, char *, value->count + 1);
	for (size_t i = 0; i < value->count; i++)
		if (decode_string(decoder, value->items[i], &list[i], err) < 0)
			return err_wrap(err, "[%zu]", i);
	*out = list;
	return 0;
}

static int decode_map(struct decoder *decoder, const struct json *value, struct json_map *out, struct err *err)
{
	if (want(value, JSON_OBJECT, err) < 0)
		return -err->code;
	struct json_pair *pairs = arena_array(decoder->arena, struct json_pair, value->count + 1);
	for (size_t i = 0; i < value->count; i++) {
		pairs[i].key = arena_strdup(decoder->arena, value->keys[i]);
		if (decode_string(decoder, value->items[i], &pairs[i].value, err) < 0)
			return err_wrap(err, "%s", value->keys[i]);
	}
	*out = (struct json_map){pairs, value->count};
	return 0;
}

static int decode_u32v(struct decoder *decoder, const struct json *value, struct json_u32v *out, struct err *err)
{
	if (want(value, JSON_ARRAY, err) < 0)
		return -err->code;
	uint32_t *items = arena_array(decoder->arena, uint32_t, value->count + 1);
	for (size_t i = 0; i < value->count; i++) {
		uint64_t number;
		if (decode_unsigned(value->items[i], UINT32_MAX, &number, err) < 0)
			return err_wrap(err, "[%zu]", i);
		items[i] = (uint32_t)number;
	}
	*out = (struct json_u32v){items, value->count};
	return 0;
}

static int decode_list(struct decoder *decoder, const struct json_table *table, const struct json *value,
		       struct list *out, struct err *err)
{
	if (want(value, JSON_ARRAY, err) < 0)
		return -err->code;
	char *items = arena_alloc_array(decoder->arena, table->size, value->count + 1);
	for (size_t i = 0; i < value->count; i++)
		if (decode_object(decoder, table, value->items[i], items + i * table->size, err) < 0)
			return err_wrap(err, "[%zu]", i);
	*out = (struct list){items, value->count};
	return 0;
}

static int decode_object_map(struct decoder *decoder, const struct json_table *table, const struct json *value,
			     struct list *out, struct err *err)
{
	if (want(value, JSON_OBJECT, err) < 0)
		return -err->code;
	char *items = arena_alloc_array(decoder->arena, table->size, value->count + 1);
	for (size_t i = 0; i < value->count; i++) {
		char *item = items + i * table->size;
		if (value->items[i]->kind != JSON_NULL && decode_object(decoder, table, value->items[i], item, err) < 0)
			return err_wrap(err, "%s", value->keys[i]);
		*(char **)(void *)item = arena_strdup(decoder->arena, value->keys[i]);
	}
	*out = (struct list){items, value->count};
	return 0;
}

static int decode_value(struct decoder *decoder, const struct json_field *field, const struct json *value, void *out,
			struct err *err)
{
	uint64_t number;
	switch (field->type) {
	case JSON_T_BOOL:
		return decode_bool(value, out, err);
	case JSON_T_I64:
		return decode_signed(value, out, err);
	case JSON_T_U64:
		return decode_unsigned(value, UINT64_MAX, out, err);
	case JSON_T_U32:
		if (decode_unsigned(value, UINT32_MAX, &number, err) < 0)
			return -err->code;
		*(uint32_t *)out = (uint32_t)number;
		return 0;
	case JSON_T_F64:
		if (want(value, JSON_NUMBER, err) < 0)
			return -err->code;
		*(double *)out = json_number_f64(value);
		return 0;
	case JSON_T_STR:
		return decode_string(decoder, value, out, err);
	case JSON_T_STRV:
		return decode_strings(decoder, value, out, err);
	case JSON_T_MAP:
		return decode_map(decoder, value, out, err);
	case JSON_T_OPT_BOOL:
		*(bool **)out = arena_new(decoder->arena, bool);
		return decode_bool(value, *(bool **)out, err);
	case JSON_T_OPT_I64:
		*(int64_t **)out = arena_new(decoder->arena, int64_t);
		return decode_signed(value, *(int64_t **)out, err);
	case JSON_T_OPT_U64:
		*(uint64_t **)out = arena_new(decoder->arena, uint64_t);
		return decode_unsigned(value, UINT64_MAX, *(uint64_t **)out, err);
	case JSON_T_OPT_U32:
		if (decode_unsigned(value, UINT32_MAX, &number, err) < 0)
			return -err->code;
		*(uint32_t **)out = arena_new(decoder->arena, uint32_t);
		**(uint32_t **)out = (uint32_t)number;
		return 0;
	case JSON_T_U32V:
		return decode_u32v(decoder, value, out, err);
	case JSON_T_OBJECT:
		return decode_object(decoder, field->table, value, out, err);
	case JSON_T_POINTER:
		*(void **)out = arena_alloc(decoder->arena, field->table->size);
		return decode_object(decoder, field->table, value, *(void **)out, err);
	case JSON_T_LIST:
		return decode_list(decoder, field->table, value, out, err);
	case JSON_T_OBJECT_MAP:
		return decode_object_map(decoder, field->table, value, out, err);
	case JSON_T_RAW:
		*(const struct json **)out = value;
		return 0;
	}
	BUG("type of %s", field->name);
}

/* Whether a value says nothing: what a client sends that fills in every member. */
static bool says_nothing(const struct json *value)
{
	switch (value->kind) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return !value->boolean;
	case JSON_NUMBER:
		return json_number_f64(value) == 0;
	case JSON_STRING:
		return !*value->text;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return value->count == 0;
	}
	return false;
}

static int decode_member(struct decoder *decoder, const struct json_field *field, const struct json *value, char *out,
			 struct err *err)
{
	if (field->flags & JSON_KNOWN_ONLY) {
		if (says_nothing(value))
			return 0;
		return err_set(err, EOPNOTSUPP, "known, but not supported");
	}
	return decode_value(decoder, field, value, out + field->offset, err);
}

static const struct json_field *find_field(const struct decoder *decoder, const struct json_table *table,
					   const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (text_equal(table->fields[i].name, name))
			return &table->fields[i];
	if (decoder->options & JSON_FOLD_CASE)
		for (size_t i = 0; i < table->count; i++)
			if (strcasecmp(table->fields[i].name, name) == 0)
				return &table->fields[i];
	return NULL;
}

enum { FIELDS_MAX = 256 };

static int decode_object(struct decoder *decoder, const struct json_table *table, const struct json *value, void *out,
			 struct err *err)
{
	bool seen[FIELDS_MAX] = {false};
	if (table->count > FIELDS_MAX)
		BUG("%s has too many rows", table->name);
	/* A single row without a name stands for the value itself. */
	if (table->count == 1 && !*table->fields[0].name)
		return value->kind == JSON_NULL ? 0 : decode_member(decoder, table->fields, value, out, err);
	if (want(value, JSON_OBJECT, err) < 0)
		return -err->code;
	for (size_t i = 0; i < value->count; i++) {
		const struct json_field *field = find_field(decoder, table, value->keys[i]);
		if (!field && (decoder->options & JSON_UNKNOWN_ERROR))
			return err_set(err, EINVAL, "%.100s: unknown field", value->keys[i]);
		if (!field || value->items[i]->kind == JSON_NULL)
			continue;
		if (decode_member(decoder, field, value->items[i], out, err) < 0)
			return err_wrap(err, "%s", field->name);
		seen[field - table->fields] = true;
	}
	for (size_t i = 0; i < table->count; i++)
		if ((table->fields[i].flags & JSON_REQUIRED) && !seen[i])
			return err_set(err, EINVAL, "%s: missing field", table->fields[i].name);
	return 0;
}

int json_decode(struct arena *arena, const struct json_table *table, const struct json *value, unsigned options,
		void *out_struct, struct err *err)
{
	struct decoder decoder = {arena, options};
	return decode_object(&decoder, table, value, out_struct, err);
}

int json_load(struct arena *arena, const struct json_table *table, const void *text, size_t size, const char *what,
	      unsigned options, void *out_struct, struct err *err)
{
	const struct json *value;
	if (json_parse(arena, text, size, what, &value, err) < 0)
		return -err->code;
	if (json_decode(arena, table, value, options, out_struct, err) < 0)
		return err_wrap(err, "%s", what);
	return 0;
}
