#include "build/expand.h"

#include "base/buffer.h"
#include "base/text.h"
#include "unit/test.h"

static const char *get(void *cookie, const char *name)
{
	static const char *const rows[][2] = {
	    {"A", "value"},
	    {"EMPTY", ""},
	    {"P", "/a/b/file.tar.gz"},
	    {"S", "one two"},
	    {"HOME", "/h"},
	    {"D", "a$A"},
	    {"U", "\xc3\xa9"
		  "b\xc3\xa9"},
	};
	(void)cookie;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (text_equal(rows[i][0], name))
			return rows[i][1];
	}
	return NULL;
}

static const struct expand_scope scope = {.get = get, .escape = '\\'};

TEST(operators)
{
	static const char *const rows[][2] = {
	    {"$A", "value"},
	    {"${A}", "value"},
	    {"x${A}y$A", "xvalueyvalue"},
	    {"$NONE.", "."},
	    {"\\$A", "$A"},
	    {"'$A'", "$A"},
	    {"\"$A\"", "value"},
	    {"\"\\$A \\x \\\\\"", "$A \\x \\"},
	    {"a\\ b", "a b"},
	    {"$", "$"},
	    {"a$/b", "a$/b"},
	    {"$D", "a$A"},
	    {"${NONE:-w}", "w"},
	    {"${EMPTY:-w}", "w"},
	    {"${EMPTY-w}", ""},
	    {"${NONE-w}", "w"},
	    {"${A:+w}", "w"},
	    {"${EMPTY:+w}", ""},
	    {"${EMPTY+w}", "w"},
	    {"${NONE+w}", ""},
	    {"${A:?no}", "value"},
	    {"${EMPTY?no}", ""},
	    {"${NONE:-${A}}", "value"},
	    {"${NONE:-a b}", "a b"},
	    {"${NONE:-\"}\"}", "}"},
	    {"${P#*/}", "a/b/file.tar.gz"},
	    {"${P##*/}", "file.tar.gz"},
	    {"${P%.*}", "/a/b/file.tar"},
	    {"${P%%.*}", "/a/b/file"},
	    {"${P#x}", "/a/b/file.tar.gz"},
	    {"${P/\\//_}", "_a/b/file.tar.gz"},
	    {"${P//\\//_}", "_a_b_file.tar.gz"},
	    {"${A/?/X}", "Xalue"},
	    {"${A//a*/X}", "vX"},
	    {"${NONE##*}", ""},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct err err;
		char *out;
		if (expand_word(&arena, &scope, rows[i][0], &out, &err) < 0)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i][0], err.msg);
		CHECK_STR(out, rows[i][1]);
	}
}

TEST(faults)
{
	static const char *const rows[][2] = {
	    {"${NONE:?needed}", "NONE: needed"},
	    {"${NONE?}", "NONE: is not allowed to be unset"},
	    {"${A", "missing '}'"},
	    {"${}", "bad substitution"},
	    {"${A:x}", "unsupported modifier (:x)"},
	    {"${A!}", "unsupported modifier (!)"},
	    {"'abc", "matching single-quote"},
	    {"\"abc", "matching double-quote"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct err err;
		char *out;
		CHECK_ERR(expand_word(&arena, &scope, rows[i][0], &out, &err), EINVAL);
		CHECK_CONTAINS(err.msg, rows[i][1]);
	}
}

TEST(patterns_take_whole_characters)
{
	auto_arena arena = {0};
	struct err err;
	static const char *const rows[][2] = {{"${U#?}", "b\xc3\xa9"},
					      {"${U%?}", "\xc3\xa9"
							 "b"},
					      {"${U/?/x}", "xb\xc3\xa9"},
					      {"${U%%\xc3\xa9}", "\xc3\xa9"
								 "b"}};
	for (size_t i = 0; i < array_size(rows); i++) {
		char *out;
		CHECK_OK(expand_word(&arena, &scope, rows[i][0], &out, &err));
		CHECK_STR(out, rows[i][1]);
	}
}

TEST(words_split_behind_the_variables)
{
	auto_arena arena = {0};
	struct err err;
	char **words;
	CHECK_OK(expand_words(&arena, &scope, " 80 $S \"x y\" ''", &words, &err));
	CHECK_INT(strv_count(words), 5);
	CHECK_STR(words[1], "one");
	CHECK_STR(words[3], "x y");
	CHECK_STR(words[4], "");
}

/* B-10 */
TEST(depth_size_and_work_are_bounded)
{
	auto_arena arena = {0};
	auto_buf deep = BUF_INIT(1 << 20), wide = BUF_INIT(8 << 20);
	struct err err;
	char *out;
	for (int i = 0; i < 1000; i++)
		buf_text(&deep, "${NONE:-");
	CHECK_ERR(expand_word(&arena, &scope, deep.data, &out, &err), E2BIG);
	for (int i = 0; i < 400000; i++)
		buf_text(&wide, "$P");
	CHECK_ERR(expand_word(&arena, &scope, wide.data, &out, &err), E2BIG);
}
