#include "daemon/config_value.h"
#include "base/text.h"
#include "docker/size.h"

#include <string.h>

static void *member(struct daemon_config *config, const struct config_row *row)
{
	return (char *)config + row->offset;
}

/* --- one value, from text --- */

static int set_bool(bool *out, const char *text, struct err *err)
{
	if (text_equal(text, "true") || text_equal(text, "1"))
		*out = true;
	else if (text_equal(text, "false") || text_equal(text, "0"))
		*out = false;
	else
		return err_set(err, EINVAL, "\"%s\" is not true or false", text);
	return 0;
}

static int check_choice(const struct config_row *row, const char *text, struct err *err)
{
	auto_buf names = BUF_INIT(512);
	for (const char *const *choice = row->choices; *choice; choice++) {
		if (text_equal(*choice, text))
			return 0;
		buf_printf(&names, "%s%s", names.len ? ", " : "", *choice);
	}
	return err_set(err, EINVAL, "\"%s\" is not one of %s", text, buf_str(&names));
}

static int check_range(const struct config_row *row, int64_t value, struct err *err)
{
	if (value < row->min || value > row->max)
		return err_set(err, ERANGE, "%lld is not from %lld to %lld", (long long)value, (long long)row->min,
			       (long long)row->max);
	return 0;
}

static int set_number(const struct config_row *row, int64_t *out, const char *text, struct err *err)
{
	int64_t value;
	if (row->type == CONFIG_SIZE) {
		if (size_parse(text, &value, err) < 0)
			return -err->code;
	} else if (number_parse(text, INT64_MIN, INT64_MAX, "value", &value, err) < 0) {
		return err_set(err, EINVAL, "\"%s\" is not a number", text);
	}
	if (check_range(row, value, err) < 0)
		return -err->code;
	*out = value;
	return 0;
}

static void list_push(struct arena *arena, char ***list, const char *item)
{
	size_t count = strv_count(*list);
	char **grown = arena_array(arena, char *, count + 2);
	if (count)
		memcpy(grown, *list, count * sizeof *grown);
	grown[count] = arena_strdup(arena, item);
	*list = grown;
}

static void map_set(struct arena *arena, struct json_map *map, const char *key, const char *value)
{
	for (size_t i = 0; i < map->count; i++) {
		if (text_equal(map->items[i].key, key)) {
			map->items[i].value = arena_strdup(arena, value);
			return;
		}
	}
	struct json_pair *grown = arena_array(arena, struct json_pair, map->count + 1);
	if (map->count)
		memcpy(grown, map->items, map->count * sizeof *grown);
	grown[map->count] = (struct json_pair){arena_strdup(arena, key), arena_strdup(arena, value)};
	*map = (struct json_map){grown, map->count + 1};
}

static int pool_check(const struct address_pool *pool, struct err *err)
{
	const char *slash = strchr(pool->base, '/');
	int64_t length;
	struct err ignored;
	if (!slash || number_parse(slash + 1, 8, 30, "prefix", &length, &ignored) < 0)
		return err_set(err, EINVAL, "base: \"%s\" is not an IPv4 address with a prefix length from 8 to 30",
			       pool->base);
	if (pool->size < length || pool->size > 30)
		return err_set(err, ERANGE, "size: %lld is not from %lld to 30", (long long)pool->size,
			       (long long)length);
	return 0;
}

static void pool_push(struct arena *arena, struct daemon_config *config, const struct address_pool *pool)
{
	size_t count = config->address_pools.count;
	struct address_pool *grown = arena_array(arena, struct address_pool, count + 1);
	if (count)
		memcpy(grown, config->address_pools.items, count * sizeof *grown);
	grown[count] = *pool;
	config->address_pools.items = grown;
	config->address_pools.count = count + 1;
}

static int add_pool_text(struct arena *arena, struct daemon_config *config, const char *text, struct err *err)
{
	struct address_pool pool = {0};
	auto_strv char **parts = strv_split(text, ',');
	for (char **part = parts; *part; part++) {
		const char *base = text_after(*part, "base="), *size = text_after(*part, "size=");
		if (base)
			pool.base = arena_strdup(arena, base);
		else if (!size || number_parse(size, 0, 32, "size", &pool.size, err) < 0)
			return err_set(err, EINVAL, "\"%s\" is not base=ADDRESS/LENGTH,size=LENGTH", text);
	}
	if (!pool.base)
		return err_set(err, EINVAL, "\"%s\" is not base=ADDRESS/LENGTH,size=LENGTH", text);
	if (pool_check(&pool, err) < 0)
		return -err->code;
	pool_push(arena, config, &pool);
	return 0;
}

static int check_text(const struct config_row *row, const char *text, struct err *err)
{
	if (row->type == CONFIG_CHOICE)
		return check_choice(row, text, err);
	if (row->type == CONFIG_PATH && text[0] != '/' && (*text || *row->initial))
		return err_set(err, EINVAL, "\"%s\" is not an absolute path", text);
	return row->check ? row->check(text, err) : 0;
}

/* Sets a single value, adds one item to a list or a map. */
int config_set_text(struct arena *arena, struct daemon_config *config, const struct config_row *row, const char *text,
		    struct err *err)
{
	const char *equals;
	switch (row->type) {
	case CONFIG_BOOL:
		if (row->check && row->check(text, err) < 0)
			return -err->code;
		return set_bool(member(config, row), text, err);
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
		return set_number(row, member(config, row), text, err);
	case CONFIG_TEXT:
	case CONFIG_CHOICE:
	case CONFIG_PATH:
		if (check_text(row, text, err) < 0)
			return -err->code;
		*(char **)member(config, row) = arena_strdup(arena, text);
		return 0;
	case CONFIG_LIST:
		if (row->check && row->check(text, err) < 0)
			return -err->code;
		list_push(arena, member(config, row), text);
		return 0;
	case CONFIG_MAP: {
		equals = strchr(text, '=');
		if (!equals || equals == text)
			return err_set(err, EINVAL, "\"%s\" is not KEY=VALUE", text);
		auto_free char *key = x_strndup(text, (size_t)(equals - text));
		map_set(arena, member(config, row), key, equals + 1);
		return 0;
	}
	case CONFIG_POOLS:
		return add_pool_text(arena, config, text, err);
	}
	BUG("type of %s", row->key);
}

static bool is_collection(const struct config_row *row)
{
	return row->type == CONFIG_LIST || row->type == CONFIG_MAP || row->type == CONFIG_POOLS;
}

void config_clear(struct daemon_config *config, const struct config_row *row)
{
	if (row->type == CONFIG_LIST)
		*(char ***)member(config, row) = NULL;
	else if (row->type == CONFIG_POOLS)
		memset(&config->address_pools, 0, sizeof config->address_pools);
}

/* A whole value from one text: a list's items are separated by separator. Maps keep the keys that are not named. */
int config_set_all(struct arena *arena, struct daemon_config *config, const struct config_row *row, const char *text,
		   char separator, struct err *err)
{
	if (!is_collection(row))
		return config_set_text(arena, config, row, text, err);
	config_clear(config, row);
	auto_strv char **items = strv_split(text, separator);
	for (char **item = items; *item; item++)
		if (**item && config_set_text(arena, config, row, *item, err) < 0)
			return -err->code;
	return 0;
}

/* --- from JSON --- */

/* ${VAR} and ${VAR:-default}; any other $ is itself. */
static int expand(struct arena *arena, char *const *env, const char *text, const char **out_text, struct err *err)
{
	auto_buf out = BUF_INIT(64 << 10);
	const char *at = text;
	for (const char *start; (start = strstr(at, "${"));) {
		const char *end = strchr(start, '}');
		if (!end)
			return err_set(err, EINVAL, "\"%s\": } is missing behind ${", text);
		buf_append(&out, at, (size_t)(start - at));
		auto_free char *name = x_strndup(start + 2, (size_t)(end - start - 2));
		char *fallback = strstr(name, ":-");
		if (fallback) {
			*fallback = 0;
			fallback += 2;
		}
		const char *value = NULL;
		size_t length = strlen(name);
		for (char *const *item = env; item && *item && !value; item++)
			if (strncmp(*item, name, length) == 0 && (*item)[length] == '=')
				value = *item + length + 1;
		if (text_empty(value) && fallback)
			value = fallback;
		if (!value)
			return err_set(err, EINVAL, "\"%s\": %s is not set in the environment", text, name);
		buf_text(&out, value);
		at = end + 1;
	}
	buf_text(&out, at);
	if (buf_check(&out, "value", err) < 0)
		return -err->code;
	*out_text = arena_strdup(arena, buf_str(&out));
	return 0;
}

static int kind_error(const struct config_row *row, struct err *err)
{
	static const char *const wanted[] = {
	    [CONFIG_BOOL] = "true or false",
	    [CONFIG_NUMBER] = "a number",
	    [CONFIG_SIZE] = "a size, as \"64m\"",
	    [CONFIG_TEXT] = "a string",
	    [CONFIG_CHOICE] = "a string",
	    [CONFIG_PATH] = "a string",
	    [CONFIG_LIST] = "a list of strings",
	    [CONFIG_MAP] = "an object of strings",
	    [CONFIG_POOLS] = "a list of {\"base\": ADDRESS/LENGTH, \"size\": LENGTH}",
	};
	return err_set(err, EINVAL, "%s is wanted", wanted[row->type]);
}

struct source {
	struct arena *arena;
	char *const *env;
	struct daemon_config *config;
};

static int json_text(struct source *source, const struct config_row *row, const struct json *value,
		     const char **out_text, struct err *err)
{
	if (value->kind == JSON_STRING)
		return expand(source->arena, source->env, value->text, out_text, err);
	if (value->kind == JSON_BOOL && row->type == CONFIG_BOOL)
		*out_text = value->boolean ? "true" : "false";
	else if (value->kind == JSON_NUMBER && (row->type == CONFIG_NUMBER || row->type == CONFIG_SIZE))
		*out_text = value->text;
	else
		return kind_error(row, err);
	return 0;
}

static int set_json_list(struct source *source, const struct config_row *row, const struct json *value, struct err *err)
{
	/* One string is a list of one. */
	const struct json *const *items = (const struct json *const *)value->items;
	size_t count = value->count;
	if (value->kind == JSON_STRING) {
		items = &value;
		count = 1;
	} else if (value->kind != JSON_ARRAY) {
		return kind_error(row, err);
	}
	config_clear(source->config, row);
	for (size_t i = 0; i < count; i++) {
		const char *text;
		if (items[i]->kind != JSON_STRING)
			return kind_error(row, err);
		if (expand(source->arena, source->env, items[i]->text, &text, err) < 0 ||
		    config_set_text(source->arena, source->config, row, text, err) < 0)
			return err_wrap(err, "[%zu]", i);
	}
	return 0;
}

static int set_json_map(struct source *source, const struct config_row *row, const struct json *value, struct err *err)
{
	if (value->kind != JSON_OBJECT)
		return kind_error(row, err);
	for (size_t i = 0; i < value->count; i++) {
		const char *text;
		if (value->items[i]->kind != JSON_STRING)
			return kind_error(row, err);
		if (expand(source->arena, source->env, value->items[i]->text, &text, err) < 0)
			return err_wrap(err, "%s", value->keys[i]);
		map_set(source->arena, member(source->config, row), value->keys[i], text);
	}
	return 0;
}

static int set_json_pools(struct source *source, const struct config_row *row, const struct json *value,
			  struct err *err)
{
	if (value->kind != JSON_ARRAY)
		return kind_error(row, err);
	config_clear(source->config, row);
	for (size_t i = 0; i < value->count; i++) {
		struct address_pool pool = {0};
		if (json_decode(source->arena, &table_address_pool, value->items[i], JSON_UNKNOWN_ERROR, &pool, err) <
			0 ||
		    pool_check(&pool, err) < 0)
			return err_wrap(err, "[%zu]", i);
		pool_push(source->arena, source->config, &pool);
	}
	return 0;
}

int config_set_json(struct arena *arena, struct daemon_config *config, const struct config_row *row,
		    const struct json *value, char *const *env, struct err *err)
{
	struct source values = {arena, env, config}, *source = &values;
	const char *text;
	switch (row->type) {
	case CONFIG_LIST:
		return set_json_list(source, row, value, err);
	case CONFIG_MAP:
		return set_json_map(source, row, value, err);
	case CONFIG_POOLS:
		return set_json_pools(source, row, value, err);
	default:
		if (json_text(source, row, value, &text, err) < 0)
			return -err->code;
		return config_set_text(source->arena, source->config, row, text, err);
	}
}
