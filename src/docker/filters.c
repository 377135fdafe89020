#include "docker/filters.h"

#include "base/text.h"

#include <regex.h>
#include <string.h>

enum { PATTERN_MAX = 256 };

static bool is_accepted(const char *key, const char *const *accepted)
{
	if (!accepted)
		return true;
	for (; *accepted; accepted++) {
		if (text_equal(key, *accepted))
			return true;
	}
	return false;
}

/* The values of one key: a list of strings, or an object whose members are true. */
static int values_read(struct arena *arena, const char *key, const struct json *value, char ***out_values,
		       struct err *err)
{
	if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "invalid filter '%s': neither a list nor an object", key);
	char **values = arena_array(arena, char *, value->count + 1);
	size_t count = 0;
	for (size_t i = 0; i < value->count; i++) {
		const struct json *item = value->items[i];
		if (value->kind == JSON_OBJECT) {
			if (item->kind != JSON_BOOL)
				return err_set(err, EINVAL, "invalid filter '%s': %s: not a boolean", key,
					       value->keys[i]);
			if (item->boolean)
				values[count++] = arena_strdup(arena, value->keys[i]);
		} else {
			if (item->kind != JSON_STRING)
				return err_set(err, EINVAL, "invalid filter '%s': not a string", key);
			values[count++] = arena_strdup(arena, item->text);
		}
	}
	*out_values = values;
	return 0;
}

int filters_parse(struct arena *arena, const char *text, const char *const *accepted, struct filters *out_filters,
		  struct err *err)
{
	struct filters filters = {0};
	const struct json *object;
	if (text_empty(text)) {
		*out_filters = filters;
		return 0;
	}
	int rc = json_parse(arena, text, strlen(text), "invalid filters", &object, err);
	if (rc < 0)
		return rc;
	if (object->kind == JSON_NULL) {
		*out_filters = filters;
		return 0;
	}
	if (object->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "invalid filters: not an object");
	filters.items = arena_array(arena, struct filter, object->count + 1);
	for (size_t i = 0; i < object->count; i++) {
		struct filter *filter = &filters.items[filters.count];
		filter->key = object->keys[i];
		if (!is_accepted(filter->key, accepted))
			return err_set(err, EINVAL, "invalid filter '%s'", filter->key);
		rc = values_read(arena, filter->key, object->items[i], &filter->values, err);
		if (rc < 0)
			return rc;
		filters.count += filter->values[0] != NULL;
	}
	*out_filters = filters;
	return 0;
}

char *const *filters_values(const struct filters *filters, const char *key)
{
	for (size_t i = 0; i < filters->count; i++) {
		if (text_equal(filters->items[i].key, key))
			return filters->items[i].values;
	}
	return NULL;
}

/* Whether any value of key fits by `test`. */
static bool any_fits(const struct filters *filters, const char *key, const char *value,
		     bool (*test)(const char *wanted, const char *value))
{
	char *const *values = filters_values(filters, key);
	if (!values)
		return true;
	for (; *values; values++) {
		if (test(*values, value))
			return true;
	}
	return false;
}

bool filters_fit(const struct filters *filters, const char *key, const char *value)
{
	return any_fits(filters, key, value, text_equal);
}

static bool begins_with(const char *wanted, const char *value)
{
	return text_after(value, wanted) != NULL;
}

bool filters_fit_prefix(const struct filters *filters, const char *key, const char *value)
{
	return any_fits(filters, key, value, begins_with);
}

static bool pattern_is_plain(const char *pattern)
{
	return strlen(pattern) > PATTERN_MAX || strpbrk(pattern, "{\\") != NULL;
}

static bool pattern_fits(const char *pattern, const char *value)
{
	regex_t regex;
	if (pattern_is_plain(pattern) || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return strstr(value, pattern) != NULL;
	bool fits = regexec(&regex, value, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}

bool filters_fit_pattern(const struct filters *filters, const char *key, const char *value)
{
	return any_fits(filters, key, value, pattern_fits);
}

static bool label_fits(const char *wanted, const struct json_map *labels)
{
	const char *equals = strchr(wanted, '=');
	for (size_t i = 0; i < labels->count; i++) {
		const char *key = labels->items[i].key;
		if (!equals ? text_equal(key, wanted)
			    : strlen(key) == (size_t)(equals - wanted) && text_after(wanted, key) &&
				  text_equal(labels->items[i].value, equals + 1))
			return true;
	}
	return false;
}

bool filters_fit_labels(const struct filters *filters, const char *key, const struct json_map *labels)
{
	char *const *values = filters_values(filters, key);
	for (; values && *values; values++) {
		if (!label_fits(*values, labels))
			return false;
	}
	return true;
}

int filters_bool(const struct filters *filters, const char *key, bool *out_value, struct err *err)
{
	char *const *values = filters_values(filters, key);
	if (!values)
		return 0;
	bool yes = false, no = false;
	for (; *values; values++) {
		if (text_equal(*values, "1") || text_equal(*values, "true"))
			yes = true;
		else if (text_equal(*values, "0") || text_equal(*values, "false"))
			no = true;
		else
			return err_set(err, EINVAL, "invalid filter '%s=[%s]'", key, *values);
	}
	if (yes && no)
		return err_set(err, EINVAL, "invalid filter '%s': both true and false", key);
	*out_value = yes;
	return 0;
}
