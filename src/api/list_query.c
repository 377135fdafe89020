#include "api/list_query.h"

#include "base/text.h"
#include "docker/filters.h"

int list_filters(struct exchange *x, struct engine_query *query, struct err *err)
{
	struct filters filters;
	int rc = filters_parse(&x->arena, query_get(&x->query, "filters"), NULL, &filters, err);
	if (rc < 0)
		return rc;
	size_t count = 0;
	for (size_t i = 0; i < filters.count; i++)
		count += strv_count(filters.items[i].values);
	struct engine_filter *pairs = arena_array(&x->arena, struct engine_filter, count + 1);
	count = 0;
	for (size_t i = 0; i < filters.count; i++) {
		for (char **value = filters.items[i].values; *value; value++)
			pairs[count++] = (struct engine_filter){filters.items[i].key, *value};
	}
	query->filters = pairs;
	query->filter_count = count;
	return 0;
}
