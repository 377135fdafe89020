#include "monitor/settings.h"

#include "unit/test.h"

TEST(settings_go_there_and_back)
{
	struct plan_setting limits[] = {{(char *)"memory", (char *)"memory.limit_in_bytes", (char *)"67108864"},
					{(char *)"", (char *)"cpu.max", (char *)"50000 100000"}};
	const struct cgroup_settings settings = {.limits = limits, .limit_count = 2};
	auto_buf text = BUF_INIT(4096);
	auto_arena arena = {0};
	struct cgroup_settings read;
	struct err err;
	settings_encode(&text, &settings);
	CHECK_OK(settings_decode(&arena, text.data, text.len, &read, &err));
	CHECK_INT(read.limit_count, 2);
	CHECK_STR(read.limits[0].file, "memory.limit_in_bytes");
	CHECK_STR(read.limits[1].group, "");
	CHECK_STR(read.limits[1].value, "50000 100000");
	CHECK_OK(settings_decode(&arena, "", 0, &read, &err));
	CHECK_INT(read.limit_count, 0);
}

TEST(other_bytes_are_refused)
{
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {{"a", 1}, {"\n", 1}, {"a\tb\n", 4}, {"a\tb\tc", 5}, {"a\tb\tc\td\n", 8}, {"a\tb\tc\0\n", 7}};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct cgroup_settings read;
		struct err err;
		CHECK_ERR(settings_decode(&arena, rows[i].text, rows[i].size, &read, &err), EPROTO);
	}
}
