#include "docker/prune.h"
#include "unit/test.h"

static struct err err;
static struct arena arena;

static int until(const char *text, int64_t *out_ns)
{
	struct filters filters;
	auto_free char *json = x_printf("{\"until\":[%s]}", text);
	CHECK_OK(filters_parse(&arena, json, NULL, &filters, &err));
	return prune_until(&filters, 1000000000000, out_ns, &err);
}

TEST(until_is_a_duration_or_a_time)
{
	int64_t ns;
	CHECK_OK(until("\"10s\"", &ns));
	CHECK_INT(ns, 990000000000);
	CHECK_OK(until("\"5\"", &ns));
	CHECK_INT(ns, 5000000000);
	CHECK_OK(until("\"1970-01-01T00:00:07Z\"", &ns));
	CHECK_INT(ns, 7000000000);
	CHECK_ERR(until("\"soon\"", &ns), EINVAL);
	CHECK_ERR(until("\"1s\",\"2s\"", &ns), EINVAL);
	CHECK_OK(prune_until(&(struct filters){0}, 0, &ns, &err));
	CHECK(ns == INT64_MAX);
	arena_done(&arena);
}

TEST(labels_keep_and_spare)
{
	struct json_pair pairs[] = {{(char *)"a", (char *)"1"}, {(char *)"b", (char *)""}};
	const struct json_map labels = {pairs, 2};
	static const struct {
		const char *filters;
		bool fits;
	} rows[] = {
	    {"{}", true},
	    {"{\"label\":[\"a\"]}", true},
	    {"{\"label\":[\"a=1\",\"b\"]}", true},
	    {"{\"label\":[\"a=2\"]}", false},
	    {"{\"label!\":[\"c\"]}", true},
	    {"{\"label!\":[\"c\",\"a\"]}", false},
	    {"{\"label!\":[\"a=2\"]}", true},
	    {"{\"label\":[\"a\"],\"label!\":[\"b\"]}", false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct filters filters;
		CHECK_OK(filters_parse(&arena, rows[i].filters, NULL, &filters, &err));
		CHECK(prune_fits_labels(&filters, &labels) == rows[i].fits);
	}
	arena_done(&arena);
}
