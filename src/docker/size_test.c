#include "docker/size.h"
#include "unit/test.h"

TEST(size_reads_units)
{
	struct err err;
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {{"512", 512},	   {"64m", 64 << 20}, {"1.5GiB", 3LL << 29},
		    {"100 kb", 100 << 10}, {"7b", 7},	      {"2K", 2048},
		    {"1t", 1LL << 40},	   {"0", 0},	      {"8191p", 8191LL << 50},
		    {"0.5k", 512}};
	for (size_t i = 0; i < array_size(rows); i++) {
		int64_t bytes = -1;
		CHECK_OK(size_parse(rows[i].text, &bytes, &err));
		CHECK_INT(bytes, rows[i].bytes);
	}
}

TEST(size_refuses_what_is_none)
{
	struct err err;
	static const char *const texts[] = {"", "m", "-1m", "1mm", "1x", "1bb", "1 ", "1e3", "0x10", " 1", "1.5.5m"};
	int64_t bytes = 77;
	for (size_t i = 0; i < array_size(texts); i++) {
		CHECK_ERR(size_parse(texts[i], &bytes, &err), EINVAL);
		CHECK_CONTAINS(err.msg, "invalid size: '");
	}
	CHECK_ERR(size_parse("9999999999g", &bytes, &err), ERANGE);
	CHECK_INT(bytes, 77);
}

TEST(size_for_people)
{
	char text[SIZE_TEXT];
	size_decimal(0, 3, text);
	CHECK_STR(text, "0B");
	size_decimal(1984000, 3, text);
	CHECK_STR(text, "1.98MB");
	size_decimal(1984000, 4, text);
	CHECK_STR(text, "1.984MB");
	size_binary(64 << 20, text);
	CHECK_STR(text, "64MiB");
	size_binary(INT64_MAX, text);
	CHECK_STR(text, "8EiB");
}
