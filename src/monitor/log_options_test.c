#include "monitor/log_options.h"

#include "unit/test.h"

TEST(options_go_there_and_back)
{
	const struct log_options options = {.file = (char *)"x-json.log",
					    .attributes = (char *)"\"k\":\"v=1\"",
					    .tag = (char *)"two\nlines",
					    .facility = 3,
					    .size = 20000000,
					    .files = 3};
	auto_buf text = BUF_INIT(4096);
	auto_arena arena = {0};
	struct log_options read;
	struct err err;
	log_options_encode(&text, &options);
	CHECK_OK(log_options_decode(&arena, text.data, text.len, &read, &err));
	CHECK_STR(read.file, "x-json.log");
	CHECK_STR(read.attributes, "\"k\":\"v=1\"");
	CHECK_STR(read.tag, "two lines");
	CHECK_STR(read.remote, "");
	CHECK_INT(read.facility, 3);
	CHECK_INT(read.size, 20000000);
	CHECK_OK(log_options_decode(&arena, "", 0, &read, &err));
	CHECK_STR(read.file, "");
}

TEST(other_bytes_are_refused)
{
	static const char *const texts[] = {"x", "x\n", "nosuch=1\n", "size=x\n", "size=-1\n", "=\n"};
	for (size_t i = 0; i < array_size(texts); i++) {
		auto_arena arena = {0};
		struct log_options read;
		struct err err;
		CHECK_ERR(log_options_decode(&arena, texts[i], strlen(texts[i]), &read, &err), EPROTO);
	}
}
