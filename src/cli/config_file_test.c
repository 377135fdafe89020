#include "cli/config_file.h"

#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;

static const char *edit(const char *text, const char *key, const char *value)
{
	static struct buf out = BUF_INIT(4096);
	buf_reset(&out);
	CHECK_OK(config_edit(text, strlen(text), key, value, &out, &err));
	return buf_str(&out);
}

TEST(a_member_is_added_like_the_one_before_it)
{
	CHECK_STR(edit("", "a", "1"), "{\n\t\"a\": 1\n}\n");
	CHECK_STR(edit("{}", "a", "1"), "{\n\t\"a\": 1\n}");
	CHECK_STR(edit("{\"x\":{\"a\":[1]}}", "a", "1"), "{\"x\":{\"a\":[1]},\"a\": 1}");
	CHECK_STR(edit("{\n  \"x\" : 1,\n  \"y\": \"}\"\n}\n", "a", "\"b\""),
		  "{\n  \"x\" : 1,\n  \"y\": \"}\",\n  \"a\": \"b\"\n}\n");
}

TEST(only_the_value_is_replaced)
{
	CHECK_STR(edit("{ \"x\":\t1.50 , \"a\" : {\"k\": \"\\\"\"} , \"y\":2e3 }", "a", "[]"),
		  "{ \"x\":\t1.50 , \"a\" : [] , \"y\":2e3 }");
	CHECK_STR(edit("{\"a\":1}", "a", "2"), "{\"a\":2}");
}

TEST(a_member_goes_with_its_comma)
{
	CHECK_STR(edit("{\"a\":1}", "a", NULL), "{}");
	CHECK_STR(edit("{\n\t\"a\": 1,\n\t\"b\": 2\n}", "a", NULL), "{\n\t\"b\": 2\n}");
	CHECK_STR(edit("{\n\t\"a\": 1,\n\t\"b\": 2\n}", "b", NULL), "{\n\t\"a\": 1\n}");
	CHECK_STR(edit("{\"a\":1,\"b\":2,\"c\":3}", "b", NULL), "{\"a\":1,\"c\":3}");
	CHECK_STR(edit("{\"b\":{\"a\":1}}", "a", NULL), "{\"b\":{\"a\":1}}");
}

TEST(what_is_no_object_is_not_touched)
{
	struct buf out = BUF_INIT(4096);
	CHECK_ERR(config_edit("[]", 2, "a", "1", &out, &err), EINVAL);
	CHECK_ERR(config_edit("{", 1, "a", "1", &out, &err), EINVAL);
	buf_done(&out);
}

static void set(const char *key, const char *value)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(4096), made = BUF_INIT(4096);
	CHECK_OK(config_read(&arena, &text, &err));
	CHECK_OK(config_edit(buf_str(&text), text.len, key, value, &made, &err));
	CHECK_OK(config_write(&made, &err));
}

static const char *string(struct arena *arena, const char *key)
{
	const struct json *config;
	CHECK_OK(config_load(arena, &config, &err));
	const struct json *value = json_get(config, key);
	return value ? value->text : NULL;
}

TEST(the_file_is_its_owner_s_and_keeps_its_link)
{
	auto_arena arena = {0};
	struct stat status;
	char dir[256], path[300];
	CHECK(getcwd(dir, sizeof dir) != NULL);
	CHECK(setenv("DOCKER_CONFIG", dir, 1) == 0);
	set("currentContext", "\"far\"");
	CHECK(stat("config.json", &status) == 0 && (status.st_mode & 0777) == 0600);
	CHECK(mkdir("else", 0700) == 0 && rename("config.json", "else/kept") == 0 && chmod("else/kept", 0644) == 0);
	snprintf(path, sizeof path, "%s/else/kept", dir);
	CHECK(symlink(path, "config.json") == 0);
	set("psFormat", "\"json\"");
	CHECK(lstat("config.json", &status) == 0 && S_ISLNK(status.st_mode));
	CHECK(stat("else/kept", &status) == 0 && (status.st_mode & 0777) == 0600);
	CHECK_STR(string(&arena, "currentContext"), "far");
	CHECK_STR(string(&arena, "psFormat"), "json");
	CHECK(string(&arena, "none") == NULL);
	CHECK(unsetenv("DOCKER_CONFIG") == 0);
}
