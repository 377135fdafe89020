#include "docker/ignore.h"

#include "base/buffer.h"
#include "unit/test.h"

static bool excluded(const char *text, const char *path)
{
	auto_arena arena = {0};
	struct ignore ignore;
	struct err err;
	CHECK_OK(ignore_parse(&arena, text, strlen(text), &ignore, &err));
	return ignore_excludes(&ignore, path);
}

TEST(names_and_wildcards)
{
	static const struct {
		const char *text, *path;
		bool excluded;
	} rows[] = {
	    {"a", "a", true},
	    {"a", "a/b/c", true},
	    {"a", "b/a", false},
	    {"/a", "a", true},
	    {"./a/", "a", true},
	    {"a/../b", "b", true},
	    {"*/temp*", "somedir/temporary.txt", true},
	    {"*/temp*", "a/b/temp", false},
	    {"*/*/temp*", "a/b/temp", true},
	    {"temp?", "tempa", true},
	    {"temp?", "temp/", false},
	    {"**/*.go", "x.go", true},
	    {"**/*.go", "a/b/x.go", true},
	    {"a/**/b", "a/b", true},
	    {"a/**/b", "a/x/y/b", true},
	    {"a/**/b", "a/xb", false},
	    {"**", "anything/at/all", true},
	    {"a/**", "a", false},
	    {"a/**", "a/b", true},
	    {"**/node_modules", "x/node_modules/y/z", true},
	    {"*.md\n!README.md", "README.md", false},
	    {"*.md\n!README.md", "x.md", true},
	    {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
	    {"*\n!src", "src/a.c", false},
	    {"*\n!src", "doc", true},
	    {"[a-c].txt", "b.txt", true},
	    {"[^a-c].txt", "b.txt", false},
	    {"a\\*", "a*", true},
	    {"a\\*", "ab", false},
	    {"# a\n #b", "#b", true},
	    {"#b", "#b", false},
	    {"\xef\xbb\xbf"
	     "a",
	     "a", true},
	    {"  a  \r\n", "a", true},
	    {"\xc3\xa4?", "\xc3\xa4\xc3\xb6", true},
	    {"!..\n..", "a", false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (excluded(rows[i].text, rows[i].path) != rows[i].excluded)
			test_fail(__FILE__, __LINE__, "\"%s\" and %s", rows[i].text, rows[i].path);
	}
}

TEST(bad_patterns_name_their_line)
{
	auto_arena arena = {0};
	struct ignore ignore;
	struct err err;
	CHECK_ERR(ignore_parse(&arena, "a\n[b", 4, &ignore, &err), EINVAL);
	CHECK_STR(err.msg, "line 2: [b: syntax error in pattern");
	CHECK_ERR(ignore_parse(&arena, "!", 1, &ignore, &err), EINVAL);
	CHECK_STR(err.msg, "line 1: illegal exclusion pattern: \"!\"");
	CHECK_ERR(ignore_parse(&arena, "a\\", 2, &ignore, &err), EINVAL);
}

TEST(excluded_directories_are_entered_when_something_is_taken_back)
{
	auto_arena arena = {0};
	struct ignore ignore;
	struct err err;
	const char *text = "*\n!a/b/c\n!x*/y";
	CHECK_OK(ignore_parse(&arena, text, strlen(text), &ignore, &err));
	CHECK(ignore_may_hold(&ignore, "a"));
	CHECK(ignore_may_hold(&ignore, "a/b"));
	CHECK(!ignore_may_hold(&ignore, "a/c"));
	CHECK(!ignore_may_hold(&ignore, "ab"));
	CHECK(ignore_may_hold(&ignore, "xyz"));
}

TEST(many_stars_cost_no_more_than_their_number)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(8192), name = BUF_INIT(8192);
	struct ignore ignore;
	struct err err;
	for (int i = 0; i < 1000; i++) {
		buf_text(&text, "**a");
		buf_text(&name, "aa/");
	}
	buf_text(&text, "b");
	CHECK_OK(ignore_parse(&arena, text.data, text.len, &ignore, &err));
	CHECK(!glob_match(ignore.lines[0].glob, name.data, name.len));
}

TEST(paths_are_cleaned_as_go_does)
{
	static const char *const rows[][2] = {
	    {"", "."},
	    {"a/", "a"},
	    {"./a//b/../c/", "a/c"},
	    {"/..", "/"},
	    {"..", ".."},
	    {"../a", "../a"},
	    {"a/../..", ".."},
	    {"/a/./b", "/a/b"},
	    {"/", "/"},
	    {"a/b/../../../c", "../c"},
	    {"../../a", "../../a"},
	};
	auto_arena arena = {0};
	for (size_t i = 0; i < array_size(rows); i++)
		CHECK_STR(path_clean(&arena, rows[i][0]), rows[i][1]);
}
