/*
 * The query of a request: decoded as Go's url.ParseQuery does, and read strictly.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum { QUERY_PAIRS_MAX = 256 };

struct query_pair {
	const char *key, *value;
};
struct query {
	struct query_pair *pairs;
	size_t count;
};

/* text is what follows the "?", or NULL. -EINVAL: a bad escape, a semicolon, a NUL; -E2BIG. */
int query_parse(struct arena *arena, const char *text, struct query *out_query, struct err *err) must_check;

/* Decodes %XX in a path. -EINVAL. */
int path_decode(struct arena *arena, const char *text, size_t size, const char **out_path, struct err *err) must_check;

/* The first value of key, or NULL when the key is not there. */
const char *query_get(const struct query *query, const char *key);

/* All values of key, NULL-terminated; values are split at commas when split is set. Empty ones are left out. */
char **query_list(struct arena *arena, const struct query *query, const char *key, bool split);

/* Docker's rule: "", "0", "no", "false" and "none" in any case are false, all else is true; `missing` without the key.
 */
bool query_bool(const struct query *query, const char *key, bool missing);

/* A decimal number from min to max; `missing` without the key or with an empty value. -EINVAL, -ERANGE. */
int query_number(const struct query *query, const char *key, int64_t min, int64_t max, int64_t missing,
		 int64_t *out_value, struct err *err) must_check;

/*
 * A moment: UNIX seconds with an optional fraction ("1700000000.5") or RFC 3339. `missing` without the key or with an
 * empty value. -EINVAL.
 */
int query_time(const struct query *query, const char *key, int64_t missing, int64_t *out_wall_ns,
	       struct err *err) must_check;
