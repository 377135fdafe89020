#include "cli/pairs.h"

#include "base/text.h"

#include <string.h>

int pairs_add(struct arena *arena, char *const *items, const char *what, bool need_value, struct json_map *map,
	      struct err *err)
{
	size_t count = strv_count(items);
	struct json_pair *pairs = arena_array(arena, struct json_pair, map->count + count + 1);
	if (map->count > 0)
		memcpy(pairs, map->items, map->count * sizeof *pairs);
	map->items = pairs;
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(items[i], '=');
		size_t size = equals ? (size_t)(equals - items[i]) : strlen(items[i]);
		if (size == 0 || (need_value && !equals))
			return err_set(err, EINVAL, "invalid %s: \"%s\" is not KEY=VALUE", what, items[i]);
		char *key = arena_strndup(arena, items[i], size);
		size_t at = 0;
		while (at < map->count && !text_equal(pairs[at].key, key))
			at++;
		if (at == map->count)
			map->count++;
		pairs[at] = (struct json_pair){key, arena_strdup(arena, equals ? equals + 1 : "")};
	}
	return 0;
}
