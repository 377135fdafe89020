#include "api/query.h"

#include "unit/test.h"

static struct err err;
static struct arena arena;
static struct query query;

static int parse(const char *text)
{
	arena_done(&arena);
	return query_parse(&arena, text, &query, &err);
}

TEST(pairs_are_decoded)
{
	CHECK_OK(parse("a=b+c&d=%2Fx%3d&e&&f=1=2&a=second"));
	CHECK_STR(query_get(&query, "a"), "b c");
	CHECK_STR(query_get(&query, "d"), "/x=");
	CHECK_STR(query_get(&query, "e"), "");
	CHECK_STR(query_get(&query, "f"), "1=2");
	CHECK(!query_get(&query, "g"));
	char **list = query_list(&arena, &query, "a", false);
	CHECK_STR(list[0], "b c");
	CHECK_STR(list[1], "second");
	CHECK(!list[2]);
	arena_done(&arena);
}

TEST(lists_split_at_commas)
{
	CHECK_OK(parse("n=a,b,,c&n=d"));
	char **list = query_list(&arena, &query, "n", true);
	CHECK_STR(list[2], "c");
	CHECK_STR(list[3], "d");
	CHECK(!list[4]);
	arena_done(&arena);
}

TEST(bad_escapes_are_refused)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "a=1;b=2"};
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(parse(bad[i]), EINVAL);
	CHECK_ERR(parse("a=%zz&b=1"), EINVAL);
	CHECK_STR(err.msg, "invalid URL escape \"%zz\"");
	arena_done(&arena);
}

TEST(booleans_follow_docker)
{
	CHECK_OK(parse("a=&b=0&c=No&d=FALSE&e=none&f=1&g=yes&h=+false+&i=2"));
	for (const char *key = "abcdeh"; *key; key++)
		CHECK(!query_bool(&query, (char[]){*key, 0}, true));
	CHECK(query_bool(&query, "f", false) && query_bool(&query, "g", false) && query_bool(&query, "i", false));
	CHECK(query_bool(&query, "missing", true) && !query_bool(&query, "missing", false));
	arena_done(&arena);
}

TEST(numbers_are_strict)
{
	int64_t value = 7;
	CHECK_OK(parse("a=12&b=-1&c=abc&d=99999999999999999999&e=&f=1e3"));
	CHECK_OK(query_number(&query, "a", 0, 100, -1, &value, &err));
	CHECK_INT(value, 12);
	CHECK_OK(query_number(&query, "e", 0, 100, -1, &value, &err));
	CHECK_INT(value, -1);
	CHECK_OK(query_number(&query, "b", -1, 100, 0, &value, &err));
	CHECK_INT(value, -1);
	CHECK(query_number(&query, "b", 0, 100, 0, &value, &err) < 0);
	CHECK(query_number(&query, "c", 0, 100, 0, &value, &err) < 0);
	CHECK(query_number(&query, "d", 0, 100, 0, &value, &err) < 0);
	CHECK(query_number(&query, "f", 0, 100, 0, &value, &err) < 0);
	arena_done(&arena);
}

TEST(times_are_seconds_or_rfc3339)
{
	int64_t value = 0;
	CHECK_OK(parse("a=1700000000&b=1700000000.5&c=2023-11-14T22:13:20Z&d=now&e=1.&f=99999999999&g=1.0000000001"));
	CHECK_OK(query_time(&query, "a", 0, &value, &err));
	CHECK_INT(value, 1700000000000000000);
	CHECK_OK(query_time(&query, "b", 0, &value, &err));
	CHECK_INT(value, 1700000000500000000);
	CHECK_OK(query_time(&query, "c", 0, &value, &err));
	CHECK_INT(value, 1700000000000000000);
	CHECK_OK(query_time(&query, "x", 5, &value, &err));
	CHECK_INT(value, 5);
	for (const char *key = "defg"; *key; key++)
		CHECK_ERR(query_time(&query, (char[]){*key, 0}, 0, &value, &err), EINVAL);
	arena_done(&arena);
}
