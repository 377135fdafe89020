/*
 * Values inside templates: JSON values in an arena, and what Go's templates do with them.
 */
#pragma once

#include "base/json.h"

const struct json *value_string(struct arena *arena, const char *text);
const struct json *value_number(struct arena *arena, int64_t number);
const struct json *value_bool(struct arena *arena, bool yes);
extern const struct json value_null;

bool value_true(const struct json *value);		     /* not null, false, 0, "" or empty */
void value_print(struct buf *out, const struct json *value); /* as {{.}} prints it */

/* The member of an object; exact, else without regard to case. -EINVAL when there is none. */
int value_field(const struct json *value, const char *name, const struct json **out_value, struct err *err) must_check;

/* The functions: json, join, split, lower, upper, title, pad, truncate, len, index, print*, eq, ne, lt, le, gt, ge,
 * and, or, not. -ENOENT when there is no such function; -EINVAL. */
int value_call(struct arena *arena, const char *name, const struct json *const *args, size_t count,
	       const struct json **out_value, struct err *err) must_check;
bool value_is_function(const char *name);
