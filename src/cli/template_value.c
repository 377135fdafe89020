#include "cli/template_value.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_TEXT_MAX = 16 << 20 };

const struct json value_null = {.kind = JSON_NULL};

const struct json *value_string(struct arena *arena, const char *text)
{
	struct json *value = arena_new(arena, struct json);
	value->kind = JSON_STRING;
	value->text = arena_strdup(arena, text);
	return value;
}

const struct json *value_number(struct arena *arena, int64_t number)
{
	struct json *value = arena_new(arena, struct json);
	value->kind = JSON_NUMBER;
	value->text = arena_printf(arena, "%lld", (long long)number);
	return value;
}

const struct json *value_bool(struct arena *arena, bool yes)
{
	struct json *value = arena_new(arena, struct json);
	value->kind = JSON_BOOL;
	value->boolean = yes;
	return value;
}

bool value_true(const struct json *value)
{
	switch (value->kind) {
	case JSON_BOOL:
		return value->boolean;
	case JSON_NUMBER:
		return json_number_f64(value) != 0;
	case JSON_STRING:
		return value->text[0] != 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return value->count > 0;
	case JSON_NULL:
	default:
		return false;
	}
}

void value_print(struct buf *out, const struct json *value)
{
	switch (value->kind) {
	case JSON_BOOL:
		buf_text(out, value->boolean ? "true" : "false");
		break;
	case JSON_NUMBER:
	case JSON_STRING:
		buf_text(out, value->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		buf_text(out, value->kind == JSON_OBJECT ? "map[" : "[");
		for (size_t i = 0; i < value->count; i++) {
			if (i > 0)
				buf_char(out, ' ');
			if (value->kind == JSON_OBJECT)
				buf_printf(out, "%s:", value->keys[i]);
			value_print(out, value->items[i]);
		}
		buf_char(out, ']');
		break;
	case JSON_NULL:
	default:
		buf_text(out, "<no value>");
	}
}

int value_field(const struct json *value, const char *name, const struct json **out_value, struct err *err)
{
	if (value->kind == JSON_NULL)
		return err_set(err, EINVAL, "nil data; no entry for key \"%s\"", name);
	if (value->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "can't evaluate field %s", name);
	const struct json *found = json_get(value, name);
	for (size_t i = 0; !found && i < value->count; i++) {
		if (strcasecmp(value->keys[i], name) == 0)
			found = value->items[i];
	}
	if (!found)
		return err_set(err, EINVAL, "map has no entry for key \"%s\"", name);
	*out_value = found;
	return 0;
}

/* --- functions --- */

struct call {
	struct arena *arena;
	const char *name;
	const struct json *const *args;
	size_t count;
};

static int text_result(const struct call *call, struct buf *text, const struct json **out_value, struct err *err)
{
	int rc = buf_check(text, call->name, err);
	if (rc == 0)
		*out_value = value_string(call->arena, buf_str(text));
	return rc;
}

static const char *text_arg(const struct call *call, size_t at)
{
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	if (call->args[at]->kind == JSON_STRING)
		return call->args[at]->text;
	value_print(&text, call->args[at]);
	return arena_strdup(call->arena, buf_str(&text));
}

static int number_arg(const struct call *call, size_t at, int64_t *out_number, struct err *err)
{
	if (call->args[at]->kind != JSON_NUMBER || json_number_i64(call->args[at], out_number) < 0)
		return err_set(err, EINVAL, "wrong type for argument %zu of %s: a number is wanted", at + 1,
			       call->name);
	return 0;
}

static int call_json(const struct call *call, const struct json **out_value, struct err *err)
{
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	json_encode_value(&text, call->args[0]);
	return text_result(call, &text, out_value, err);
}

static int call_join(const struct call *call, const struct json **out_value, struct err *err)
{
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	const struct json *list = call->args[0];
	if (list->kind != JSON_ARRAY && list->kind != JSON_NULL)
		return err_set(err, EINVAL, "wrong type for argument 1 of join: a list is wanted");
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			buf_text(&text, text_arg(call, 1));
		value_print(&text, list->items[i]);
	}
	return text_result(call, &text, out_value, err);
}

static int call_split(const struct call *call, const struct json **out_value, struct err *err)
{
	(void)err;
	const char *text = text_arg(call, 0), *separator = text_arg(call, 1);
	size_t step = strlen(separator), count = 1;
	for (const char *at = text; step > 0 && (at = strstr(at, separator)); at += step)
		count++;
	struct json *list = arena_new(call->arena, struct json);
	list->kind = JSON_ARRAY;
	list->items = arena_array(call->arena, struct json *, count);
	while (list->count < count) {
		const char *end = step > 0 ? strstr(text, separator) : NULL;
		size_t size = end ? (size_t)(end - text) : strlen(text);
		char *piece = arena_strndup(call->arena, text, size);
		list->items[list->count++] = (struct json *)value_string(call->arena, piece);
		text += size + (end ? step : 0);
	}
	*out_value = list;
	return 0;
}

static int call_case(const struct call *call, const struct json **out_value, struct err *err)
{
	(void)err;
	char *text = arena_strdup(call->arena, text_arg(call, 0));
	bool title = text_equal(call->name, "title"), upper = text_equal(call->name, "upper"), first = true;
	for (char *c = text; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
		if (letter && (upper || (title && first)))
			*c = (char)(*c & ~0x20);
		else if (letter && !title)
			*c = (char)(*c | 0x20);
		first = *c == ' ';
	}
	*out_value = value_string(call->arena, text);
	return 0;
}

static int call_pad(const struct call *call, const struct json **out_value, struct err *err)
{
	enum { PAD_MAX = 1000 };
	int64_t before, after;
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	const char *middle = text_arg(call, 0);
	int rc = number_arg(call, 1, &before, err);
	if (rc == 0)
		rc = number_arg(call, 2, &after, err);
	if (rc < 0)
		return rc;
	if (before < 0 || before > PAD_MAX || after < 0 || after > PAD_MAX)
		return err_set(err, EINVAL, "pad: more than %d spaces", PAD_MAX);
	if (*middle)
		buf_printf(&text, "%*s%s%*s", (int)before, "", middle, (int)after, "");
	return text_result(call, &text, out_value, err);
}

static int call_truncate(const struct call *call, const struct json **out_value, struct err *err)
{
	int64_t size;
	const char *text = text_arg(call, 0);
	int rc = number_arg(call, 1, &size, err);
	if (rc < 0)
		return rc;
	bool cut = size >= 0 && (uint64_t)size < strlen(text);
	*out_value = cut ? value_string(call->arena, arena_strndup(call->arena, text, (size_t)size))
			 : value_string(call->arena, text);
	return 0;
}

static int call_len(const struct call *call, const struct json **out_value, struct err *err)
{
	const struct json *value = call->args[0];
	if (value->kind != JSON_STRING && value->kind != JSON_ARRAY && value->kind != JSON_OBJECT &&
	    value->kind != JSON_NULL)
		return err_set(err, EINVAL, "error calling len: a value without length");
	*out_value = value_number(call->arena,
				  value->kind == JSON_STRING ? (int64_t)strlen(value->text) : (int64_t)value->count);
	return 0;
}

static int call_index(const struct call *call, const struct json **out_value, struct err *err)
{
	const struct json *value = call->args[0];
	for (size_t i = 1; i < call->count; i++) {
		int64_t at;
		if (value->kind == JSON_OBJECT && call->args[i]->kind == JSON_STRING) {
			const struct json *member = json_get(value, call->args[i]->text);
			value = member ? member : value_string(call->arena, "");
			continue;
		}
		if (value->kind == JSON_NULL && call->args[i]->kind == JSON_STRING) {
			value = value_string(call->arena, "");
			continue;
		}
		if (value->kind != JSON_ARRAY)
			return err_set(err, EINVAL, "error calling index: can't index this item");
		int rc = number_arg(call, i, &at, err);
		if (rc < 0)
			return rc;
		if (at < 0 || (uint64_t)at >= value->count)
			return err_set(err, EINVAL, "error calling index: index out of range: %lld", (long long)at);
		value = value->items[at];
	}
	*out_value = value;
	return 0;
}

static int call_print(const struct call *call, const struct json **out_value, struct err *err)
{
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	bool line = text_equal(call->name, "println");
	for (size_t i = 0; i < call->count; i++) {
		if (i > 0 && line)
			buf_char(&text, ' ');
		value_print(&text, call->args[i]);
	}
	if (line)
		buf_char(&text, '\n');
	return text_result(call, &text, out_value, err);
}

/* %s %v %d %q %%; widths are not done. */
static int call_printf(const struct call *call, const struct json **out_value, struct err *err)
{
	auto_buf text = BUF_INIT(VALUE_TEXT_MAX);
	size_t next = 1;
	for (const char *c = text_arg(call, 0); *c; c++) {
		if (*c != '%') {
			buf_char(&text, *c);
			continue;
		}
		c++;
		if (*c == '%') {
			buf_char(&text, '%');
			continue;
		}
		if (!*c || !strchr("svdq", *c))
			return err_set(err, EINVAL, "printf: %%%c is not supported: %%s, %%v, %%d and %%q are",
				       *c ? *c : ' ');
		if (next == call->count)
			buf_printf(&text, "%%!%c(MISSING)", *c);
		else if (*c == 'q')
			json_encode_string(&text, text_arg(call, next++));
		else
			value_print(&text, call->args[next++]);
	}
	return text_result(call, &text, out_value, err);
}

static int values_order(const struct call *call, size_t a, size_t b, int *out_order, struct err *err)
{
	const struct json *left = call->args[a], *right = call->args[b];
	if (left->kind == JSON_NUMBER && right->kind == JSON_NUMBER) {
		double x = json_number_f64(left), y = json_number_f64(right);
		*out_order = (x > y) - (x < y);
		return 0;
	}
	if (left->kind == JSON_BOOL && right->kind == JSON_BOOL) {
		*out_order = left->boolean - right->boolean;
		return 0;
	}
	if (left->kind == JSON_STRING && right->kind == JSON_STRING) {
		*out_order = strcmp(left->text, right->text);
		return 0;
	}
	return err_set(err, EINVAL, "error calling %s: incompatible types for comparison", call->name);
}

static int call_compare(const struct call *call, const struct json **out_value, struct err *err)
{
	int order = 0;
	bool yes = false, equal = text_equal(call->name, "eq");
	/* eq has alternatives: eq x a b c */
	for (size_t i = 1; i < (equal ? call->count : 2) && !yes; i++) {
		int rc = values_order(call, 0, i, &order, err);
		if (rc < 0)
			return rc;
		yes = equal			     ? order == 0
		      : text_equal(call->name, "ne") ? order != 0
		      : text_equal(call->name, "lt") ? order < 0
		      : text_equal(call->name, "le") ? order <= 0
		      : text_equal(call->name, "gt") ? order > 0
						     : order >= 0;
	}
	*out_value = value_bool(call->arena, yes);
	return 0;
}

static int call_logic(const struct call *call, const struct json **out_value, struct err *err)
{
	(void)err;
	if (text_equal(call->name, "not")) {
		*out_value = value_bool(call->arena, !value_true(call->args[0]));
		return 0;
	}
	bool stop_at = text_equal(call->name, "or");
	size_t at = 0;
	while (at + 1 < call->count && value_true(call->args[at]) != stop_at)
		at++;
	*out_value = call->args[at];
	return 0;
}

static const struct function {
	const char *name;
	size_t min, max;
	int (*call)(const struct call *call, const struct json **out_value, struct err *err);
} functions[] = {
    {"json", 1, 1, call_json},	    {"join", 2, 2, call_join},	       {"split", 2, 2, call_split},
    {"lower", 1, 1, call_case},	    {"upper", 1, 1, call_case},	       {"title", 1, 1, call_case},
    {"pad", 3, 3, call_pad},	    {"truncate", 2, 2, call_truncate}, {"len", 1, 1, call_len},
    {"index", 1, 16, call_index},   {"print", 0, 16, call_print},      {"println", 0, 16, call_print},
    {"printf", 1, 16, call_printf}, {"eq", 2, 16, call_compare},       {"ne", 2, 2, call_compare},
    {"lt", 2, 2, call_compare},	    {"le", 2, 2, call_compare},	       {"gt", 2, 2, call_compare},
    {"ge", 2, 2, call_compare},	    {"and", 1, 16, call_logic},	       {"or", 1, 16, call_logic},
    {"not", 1, 1, call_logic},
};

static const struct function *function_find(const char *name)
{
	for (size_t i = 0; i < array_size(functions); i++) {
		if (text_equal(functions[i].name, name))
			return &functions[i];
	}
	return NULL;
}

bool value_is_function(const char *name)
{
	return function_find(name) != NULL;
}

int value_call(struct arena *arena, const char *name, const struct json *const *args, size_t count,
	       const struct json **out_value, struct err *err)
{
	const struct function *function = function_find(name);
	if (!function)
		return err_set(err, ENOENT, "function \"%s\" not defined", name);
	if (count < function->min || count > function->max)
		return err_set(err, EINVAL, "wrong number of args for %s: want %zu got %zu", name, function->min,
			       count);
	const struct call call = {arena, name, args, count};
	return function->call(&call, out_value, err);
}
