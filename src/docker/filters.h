/*
 * The "filters" parameter of lists and events: {"name": ["a", "b"]}, or {"name": {"a": true}} from old clients.
 *
 * Values of one key are alternatives, keys all have to fit; a key that is not there fits everything.
 */
#pragma once

#include "base/json.h"

struct filter {
	const char *key;
	char **values; /* at least one */
};
struct filters {
	struct filter *items;
	size_t count;
};

/*
 * text may be NULL or "". accepted lists the keys, ended by NULL; another one is -EINVAL "invalid filter 'KEY'".
 * NULL accepts all.
 */
int filters_parse(struct arena *arena, const char *text, const char *const *accepted, struct filters *out_filters,
		  struct err *err) must_check;

char *const *filters_values(const struct filters *filters, const char *key); /* NULL when the key is not there */

bool filters_fit(const struct filters *filters, const char *key, const char *value);	    /* equal */
bool filters_fit_prefix(const struct filters *filters, const char *key, const char *value); /* value begins with it */
bool filters_fit_labels(const struct filters *filters, const char *key,
			const struct json_map *labels); /* all: k, k=v */

/*
 * value holds a match of the extended regular expression, as `name` of containers does. Expressions that a matcher
 * could choke on (repetition counts, back references, more than 256 bytes) are taken as plain text.
 */
bool filters_fit_pattern(const struct filters *filters, const char *key, const char *value);

/* A yes-or-no filter: 1, true, 0, false. *out_value stays as it is when the key is not there. -EINVAL. */
int filters_bool(const struct filters *filters, const char *key, bool *out_value, struct err *err) must_check;
