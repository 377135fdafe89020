#include "docker/filters.h"

#include "unit/test.h"

static struct err err;
static struct arena arena;
static struct filters filters;
static const char *const accepted[] = {"name", "label", "status", "dangling", NULL};

static int parse(const char *text)
{
	arena_done(&arena);
	return filters_parse(&arena, text, accepted, &filters, &err);
}

TEST(both_forms_are_read)
{
	CHECK_OK(parse("{\"name\":[\"a\",\"b\"],\"status\":{\"running\":true,\"exited\":false}}"));
	CHECK(filters_fit(&filters, "name", "a") && filters_fit(&filters, "name", "b"));
	CHECK(!filters_fit(&filters, "name", "ab"));
	CHECK(filters_fit(&filters, "status", "running") && !filters_fit(&filters, "status", "exited"));
	CHECK(filters_fit(&filters, "label", "anything"));
	arena_done(&arena);
}

TEST(nothing_fits_everything)
{
	static const char *const none[] = {NULL, "", "{}", "null", "{\"name\":[]}"};
	for (size_t i = 0; i < array_size(none); i++) {
		CHECK_OK(parse(none[i]));
		CHECK_INT(filters.count, 0);
	}
	arena_done(&arena);
}

TEST(bad_filters_are_named)
{
	CHECK_ERR(parse("{\"nope\":[\"a\"]}"), EINVAL);
	CHECK_STR(err.msg, "invalid filter 'nope'");
	CHECK_ERR(parse("{\"name\":\"a\"}"), EINVAL);
	CHECK_ERR(parse("{\"name\":[1]}"), EINVAL);
	CHECK_ERR(parse("[]"), EINVAL);
	CHECK_ERR(parse("{"), EINVAL);
	arena_done(&arena);
}

TEST(names_are_patterns)
{
	CHECK_OK(parse("{\"name\":[\"^web[0-9]+$\",\"a{1,99999}\",\"(\"]}"));
	CHECK(filters_fit_pattern(&filters, "name", "web12"));
	CHECK(!filters_fit_pattern(&filters, "name", "xweb12"));
	CHECK(filters_fit_pattern(&filters, "name", "x(y"));
	CHECK(filters_fit_pattern(&filters, "name", "a{1,99999}"));
	CHECK(!filters_fit_pattern(&filters, "name", "aaa"));
	arena_done(&arena);
}

TEST(labels_must_all_fit)
{
	struct json_pair pairs[] = {{(char *)"a", (char *)"1"}, {(char *)"b", (char *)""}};
	struct json_map labels = {pairs, 2};
	CHECK_OK(parse("{\"label\":[\"a\",\"b=\",\"a=1\"]}"));
	CHECK(filters_fit_labels(&filters, "label", &labels));
	CHECK_OK(parse("{\"label\":[\"a\",\"a=2\"]}"));
	CHECK(!filters_fit_labels(&filters, "label", &labels));
	CHECK_OK(parse("{\"label\":[\"c\"]}"));
	CHECK(!filters_fit_labels(&filters, "label", &labels));
	arena_done(&arena);
}

TEST(booleans_are_strict)
{
	bool value = true;
	CHECK_OK(parse("{\"dangling\":[\"false\"]}"));
	CHECK_OK(filters_bool(&filters, "dangling", &value, &err));
	CHECK(!value);
	CHECK_OK(parse("{\"dangling\":[\"maybe\"]}"));
	CHECK_ERR(filters_bool(&filters, "dangling", &value, &err), EINVAL);
	CHECK_OK(parse("{\"dangling\":[\"1\",\"0\"]}"));
	CHECK_ERR(filters_bool(&filters, "dangling", &value, &err), EINVAL);
	arena_done(&arena);
}
