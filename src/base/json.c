#include "base/json.h"
#include "base/text.h"

#include <string.h>
#include <yajl/yajl_parse.h>

/* The containers that are open while parsing; each collects its items in a growing heap array. */
struct frame {
	struct json *value;
	const char **keys;
	struct json **items;
	size_t room;
};

struct parser {
	struct arena *arena;
	struct frame frames[JSON_DEPTH_MAX];
	size_t depth;
	const char *key; /* of the member that comes next */
	struct json *root;
	const char *fault; /* what we refuse beyond yajl */
	const char *fault_key;
};

static int refuse(struct parser *parser, const char *fault)
{
	parser->fault = fault;
	return 0;
}

static int add(struct parser *parser, struct json *value)
{
	if (parser->depth == 0) {
		parser->root = value;
		return 1;
	}
	struct frame *frame = &parser->frames[parser->depth - 1];
	size_t count = frame->value->count;
	if (count == frame->room) {
		frame->room = frame->room ? frame->room * 2 : 8;
		frame->items = x_realloc(frame->items, frame->room * sizeof *frame->items);
		if (frame->value->kind == JSON_OBJECT)
			frame->keys = x_realloc(frame->keys, frame->room * sizeof *frame->keys);
	}
	frame->items[count] = value;
	if (frame->value->kind == JSON_OBJECT)
		frame->keys[count] = parser->key;
	frame->value->count++;
	return 1;
}

static struct json *value_new(struct parser *parser, enum json_kind kind)
{
	struct json *value = arena_new(parser->arena, struct json);
	value->kind = kind;
	return value;
}

static int on_null(void *cookie)
{
	return add(cookie, value_new(cookie, JSON_NULL));
}

static int on_boolean(void *cookie, int boolean)
{
	struct json *value = value_new(cookie, JSON_BOOL);
	value->boolean = boolean;
	return add(cookie, value);
}

static int on_number(void *cookie, const char *text, size_t length)
{
	struct parser *parser = cookie;
	struct json *value = value_new(parser, JSON_NUMBER);
	value->text = arena_strndup(parser->arena, text, length);
	return add(parser, value);
}

static int on_string(void *cookie, const unsigned char *text, size_t length)
{
	struct parser *parser = cookie;
	if (memchr(text, 0, length))
		return refuse(parser, "a string holds a NUL");
	struct json *value = value_new(parser, JSON_STRING);
	value->text = arena_strndup(parser->arena, (const char *)text, length);
	return add(parser, value);
}

static int open_container(struct parser *parser, enum json_kind kind)
{
	if (parser->depth == JSON_DEPTH_MAX)
		return refuse(parser, "nested too deeply");
	struct json *value = value_new(parser, kind);
	add(parser, value);
	parser->frames[parser->depth++] = (struct frame){.value = value};
	return 1;
}

static int on_map(void *cookie)
{
	return open_container(cookie, JSON_OBJECT);
}

static int on_array(void *cookie)
{
	return open_container(cookie, JSON_ARRAY);
}

static int on_key(void *cookie, const unsigned char *text, size_t length)
{
	struct parser *parser = cookie;
	if (memchr(text, 0, length))
		return refuse(parser, "a member's name holds a NUL");
	parser->key = arena_strndup(parser->arena, (const char *)text, length);
	return 1;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *find_duplicate(const char *const *keys, size_t count)
{
	if (count < 2)
		return NULL;
	auto_free const char **sorted = x_realloc(NULL, count * sizeof *sorted);
	memcpy(sorted, keys, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_keys);
	for (size_t i = 1; i < count; i++)
		if (text_equal(sorted[i - 1], sorted[i]))
			return sorted[i];
	return NULL;
}

static void frame_done(struct frame *frame)
{
	free(frame->items);
	free(frame->keys);
}

static int on_end(void *cookie)
{
	struct parser *parser = cookie;
	struct frame *frame = &parser->frames[--parser->depth];
	struct json *value = frame->value;
	if (value->count) {
		value->items = arena_array(parser->arena, struct json *, value->count);
		memcpy(value->items, frame->items, value->count * sizeof *value->items);
	}
	if (value->count && value->kind == JSON_OBJECT) {
		value->keys = arena_array(parser->arena, const char *, value->count);
		memcpy(value->keys, frame->keys, value->count * sizeof *value->keys);
		parser->fault_key = find_duplicate(value->keys, value->count);
	}
	frame_done(frame);
	return parser->fault_key ? refuse(parser, "a member stands twice") : 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

static int parse_error(struct parser *parser, yajl_handle handle, const char *text, size_t size, const char *what,
		       struct err *err)
{
	size_t offset = yajl_get_bytes_consumed(handle), line = 1;
	for (size_t i = 0; i < offset && i < size; i++)
		line += text[i] == '\n';
	if (parser->fault)
		return err_set(err, EINVAL, "%s: line %zu: %s%s%s", what, line, parser->fault,
			       parser->fault_key ? ": " : "", parser->fault_key ? parser->fault_key : "");
	unsigned char *message = yajl_get_error(handle, 0, NULL, 0);
	size_t length = strcspn((const char *)message, "\n");
	err_set(err, EINVAL, "%s: line %zu: %.*s", what, line, (int)(length < 200 ? length : 200),
		(const char *)message);
	yajl_free_error(handle, message);
	return -EINVAL;
}

int json_parse(struct arena *arena, const void *text, size_t size, const char *what, const struct json **out_value,
	       struct err *err)
{
	if (size > JSON_SIZE_MAX)
		return err_set(err, E2BIG, "%s: larger than %d bytes", what, JSON_SIZE_MAX);
	/* yajl takes them for blanks. */
	if (size > 0 && (memchr(text, '\f', size) || memchr(text, '\v', size)))
		return err_set(err, EINVAL, "%s: a control character that is no blank of JSON", what);
	struct parser parser = {.arena = arena};
	yajl_handle handle = yajl_alloc(&callbacks, NULL, &parser);
	if (!handle)
		BUG("out of memory");
	yajl_status status = yajl_parse(handle, text, size);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(handle);
	int r = 0;
	if (status != yajl_status_ok)
		r = parse_error(&parser, handle, text, size, what, err);
	else if (!parser.root)
		r = err_set(err, EINVAL, "%s: empty", what);
	while (parser.depth > 0)
		frame_done(&parser.frames[--parser.depth]);
	yajl_free(handle);
	if (r == 0)
		*out_value = parser.root;
	return r;
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->count; i++)
		if (text_equal(object->keys[i], key))
			return object->items[i];
	return NULL;
}

int json_number_i64(const struct json *number, int64_t *out_value)
{
	struct err ignored;
	return number_parse(number->text, INT64_MIN, INT64_MAX, "number", out_value, &ignored) < 0 ? -ERANGE : 0;
}

int json_number_u64(const struct json *number, uint64_t *out_value)
{
	struct err ignored;
	return number_parse_u64(number->text, UINT64_MAX, "number", out_value, &ignored) < 0 ? -ERANGE : 0;
}

double json_number_f64(const struct json *number)
{
	return strtod(number->text, NULL);
}

const char *json_map_get(const struct json_map *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (text_equal(map->items[i].key, key))
			return map->items[i].value;
	return NULL;
}
