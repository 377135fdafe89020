#include "build/needs.h"

#include "base/text.h"
#include "unit/test.h"

static struct build_needs needs_of(struct arena *arena, const char *text)
{
	struct dockerfile file;
	struct build_needs needs;
	struct err err;
	CHECK_OK(dockerfile_parse(arena, "Dockerfile", text, strlen(text), &file, &err));
	needs_read(arena, &file, &needs);
	return needs;
}

TEST(sources_and_binds)
{
	auto_arena arena = {0};
	struct build_needs needs =
	    needs_of(&arena, "FROM alpine AS b\nCOPY src/a.c ./lib/ /x/\nCOPY --from=b /y /z\n"
			     "ADD https://h/f /f\nCOPY <<E /e\nE\nADD web/*.js /w/\n"
			     "RUN --mount=type=bind,source=tools,target=/t --mount=type=cache,target=/c x\n"
			     "FROM b\n");
	CHECK(!needs.all);
	CHECK_INT(needs.count, 4);
	CHECK(needs_has(&needs, "src/a.c") && needs_has(&needs, "src") && needs_has(&needs, "lib/deep/er"));
	CHECK(needs_has(&needs, "web/x/y") && needs_has(&needs, "tools"));
	CHECK(!needs_has(&needs, "src/b.c") && !needs_has(&needs, "y") && !needs_has(&needs, "we"));
	CHECK_STR(needs.bases[0], "alpine");
	CHECK(!needs.bases[1]);
}

TEST(what_the_text_does_not_say_is_everything)
{
	static const char *const rows[] = {"FROM a\nCOPY . /x",
					   "FROM a\nCOPY $X /x",
					   "FROM $A\n",
					   "FROM a\nCOPY *.c /x/",
					   "FROM a\nRUN --mount=target=/s x",
					   "FROM a\nCOPY .. /x"};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		if (!needs_of(&arena, rows[i]).all)
			test_fail(__FILE__, __LINE__, "%s", rows[i]);
	}
}
