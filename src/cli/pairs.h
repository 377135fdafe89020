/*
 * KEY=VALUE arguments as a map.
 */
#pragma once

#include "base/json.h"

/* Adds the items to the map; a later one replaces an earlier one. "what" names them in errors. In the arena. */
int pairs_add(struct arena *arena, char *const *items, const char *what, bool need_value, struct json_map *map,
	      struct err *err) must_check;
