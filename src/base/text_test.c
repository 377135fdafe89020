#include "base/text.h"
#include "unit/test.h"

TEST(number_parse_takes_digits_only)
{
	struct err err;
	int64_t value = 7;
	CHECK_OK(number_parse("42", 0, 100, "cpus", &value, &err));
	CHECK_INT(value, 42);
	CHECK_ERR(number_parse("12x", 0, 100, "cpus", &value, &err), EINVAL);
	CHECK_STR(err.msg, "cpus: \"12x\" is not a number");
	CHECK_ERR(number_parse("", 0, 100, "cpus", &value, &err), EINVAL);
	CHECK_ERR(number_parse(" 1", 0, 100, "cpus", &value, &err), EINVAL);
	CHECK_ERR(number_parse("+1", 0, 100, "cpus", &value, &err), EINVAL);
	CHECK_ERR(number_parse("-1", 0, 100, "cpus", &value, &err), EINVAL);
	CHECK_INT(value, 42);
}

TEST(number_parse_names_the_range)
{
	struct err err;
	int64_t value = 0;
	CHECK_ERR(number_parse("101", 0, 100, "cpus", &value, &err), ERANGE);
	CHECK_STR(err.msg, "cpus: 101 is not from 0 to 100");
	CHECK_ERR(number_parse("99999999999999999999", 0, 100, "cpus", &value, &err), ERANGE);
	CHECK_OK(number_parse("-9223372036854775808", INT64_MIN, INT64_MAX, "n", &value, &err));
	CHECK_INT(value, INT64_MIN);
	CHECK_ERR(number_parse("9223372036854775808", INT64_MIN, INT64_MAX, "n", &value, &err), ERANGE);
}

TEST(number_parse_u64_reaches_the_end)
{
	struct err err;
	uint64_t value = 0;
	CHECK_OK(number_parse_u64("18446744073709551615", UINT64_MAX, "n", &value, &err));
	CHECK(value == UINT64_MAX);
	CHECK_ERR(number_parse_u64("18446744073709551616", UINT64_MAX, "n", &value, &err), ERANGE);
}

TEST(strv_split_keeps_empty_pieces)
{
	auto_strv char **list = strv_split("a,,b", ',');
	CHECK_INT(strv_count(list), 3);
	CHECK_STR(list[1], "");
	CHECK_STR(list[2], "b");
}

TEST(utf8_is_told_from_other_bytes)
{
	CHECK_INT(text_sequence("a"), 1);
	CHECK_INT(text_sequence("\xc3\xa9"), 2);
	CHECK_INT(text_sequence("\xf0\x9f\x90\xb3"), 4);
	CHECK_INT(text_sequence("\xc0\x80"), 0);     /* overlong */
	CHECK_INT(text_sequence("\xed\xa0\x80"), 0); /* a surrogate */
	CHECK_INT(text_sequence("\xc3"), 0);
	CHECK_INT(text_invalid("ab\xc3\xa9", 4), 4);
	CHECK_INT(text_invalid("ab\xc3\xa9", 3), 2); /* cut */
	CHECK_INT(text_invalid("\xff", 1), 0);
}
