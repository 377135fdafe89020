#include "engine/query_filters.h"

#include "base/text.h"

void query_filters(struct arena *arena, const struct engine_query *query, struct filters *out_filters)
{
	struct filter *items = arena_array(arena, struct filter, query->filter_count + 1);
	size_t count = 0;
	for (size_t i = 0; i < query->filter_count; i++) {
		const struct engine_filter *pair = &query->filters[i];
		size_t at = 0, values = 0;
		while (at < count && !text_equal(items[at].key, pair->key))
			at++;
		if (at == count) {
			items[count].key = pair->key;
			items[count++].values = arena_array(arena, char *, query->filter_count + 1);
		}
		while (items[at].values[values])
			values++;
		items[at].values[values] = (char *)pair->value;
	}
	*out_filters = (struct filters){items, count};
}

int query_filters_check(const struct filters *filters, const char *const *known, struct err *err)
{
	for (size_t i = 0; i < filters->count; i++) {
		const char *const *at = known;
		while (*at && !text_equal(*at, filters->items[i].key))
			at++;
		if (!*at)
			return err_set(err, EINVAL, "invalid filter '%s'", filters->items[i].key);
	}
	return 0;
}
