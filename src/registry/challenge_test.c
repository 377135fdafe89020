#include "registry/challenge.h"

#include "unit/test.h"

TEST(challenge_bearer_with_commas_inside_quotes)
{
	struct err err;
	auto_arena arena = {0};
	struct challenge list[CHALLENGES_MAX];
	size_t count = 0;
	CHECK_OK(challenge_parse(&arena,
				 "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
				 "scope=\"repository:library/x:pull,push\"",
				 list, &count, &err));
	CHECK_INT(count, 1);
	CHECK_INT(list[0].kind, CHALLENGE_BEARER);
	CHECK_STR(list[0].realm, "https://auth.docker.io/token");
	CHECK_STR(list[0].service, "registry.docker.io");
	CHECK_STR(list[0].scope, "repository:library/x:pull,push");
}

TEST(challenge_several_in_one_field)
{
	struct err err;
	auto_arena arena = {0};
	struct challenge list[CHALLENGES_MAX];
	size_t count = 0;
	CHECK_OK(challenge_parse(
	    &arena, "Negotiate, BASIC realm = \"a \\\"b\\\"\" , charset=UTF-8, bearer realm=https://x/y?z=1", list,
	    &count, &err));
	CHECK_INT(count, 2);
	CHECK_INT(list[0].kind, CHALLENGE_BASIC);
	CHECK_STR(list[0].realm, "a \"b\"");
	CHECK_STR(list[1].realm, "https://x/y?z=1");
	CHECK(!list[1].scope);
}

TEST(challenge_refuses_rubbish)
{
	struct err err;
	auto_arena arena = {0};
	static const char *const bad[] = {"Bearer realm=\"open", "=", "Bearer realm=", "Basic \"x\"", ",,", "\x01"};
	for (size_t i = 0; i < array_size(bad); i++) {
		struct challenge list[CHALLENGES_MAX];
		size_t count = 0;
		CHECK_ERR(challenge_parse(&arena, bad[i], list, &count, &err), EINVAL);
	}
}

TEST(link_finds_the_next_page)
{
	auto_arena arena = {0};
	CHECK_STR(link_next(&arena, "</v2/_catalog?last=b&n=2>; rel=\"next\""), "/v2/_catalog?last=b&n=2");
	CHECK_STR(link_next(&arena, "<https://a/1>; rel=prev, <https://a/2>; rel=next"), "https://a/2");
	CHECK(!link_next(&arena, "</x>; rel=\"prev\""));
	CHECK(!link_next(&arena, "</x; rel=next"));
	CHECK(!link_next(&arena, ""));
}

TEST(retry_after_in_seconds_and_as_a_date)
{
	CHECK_INT(retry_after_seconds("120", 0), 120);
	CHECK_INT(retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT", 1445412470), 10);
	CHECK_INT(retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT", 1445412490), 0);
	CHECK_INT(retry_after_seconds("soon", 0), -1);
	CHECK_INT(retry_after_seconds("-3", 0), -1);
	CHECK_INT(retry_after_seconds("99999999999999999999", 0), 1 << 30);
}

TEST(ranges)
{
	struct err err;
	uint64_t first, last, total, end;
	CHECK_OK(content_range_parse("bytes 100-199/200", &first, &last, &total, &err));
	CHECK_INT(first, 100);
	CHECK_INT(last, 199);
	CHECK_INT(total, 200);
	static const char *const bad[] = {"",
					  "bytes",
					  "bytes 1-0/5",
					  "bytes 0-5/5",
					  "bytes 0-4/*",
					  "bytes -1-4/5",
					  "bytes 0-4/5 ",
					  "bytes 0-99999999999999999999/5"};
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(content_range_parse(bad[i], &first, &last, &total, &err), EPROTO);
	CHECK_OK(upload_range_parse("0-1023", &end, &err));
	CHECK_INT(end, 1024);
	CHECK_OK(upload_range_parse("bytes=0-9", &end, &err));
	CHECK_INT(end, 10);
	CHECK_ERR(upload_range_parse("5-9", &end, &err), EPROTO);
	CHECK_ERR(upload_range_parse("x", &end, &err), EPROTO);
}
