#include "base/base64.h"

#include "unit/test.h"

TEST(base64_goes_there_and_back)
{
	static const char *const pairs[][2] = {{"", ""},	{"f", "Zg=="},	      {"fo", "Zm8="},
					       {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe?>", "//4/Pg=="}};
	struct err err;
	for (size_t i = 0; i < array_size(pairs); i++) {
		auto_buf out = BUF_INIT(64), back = BUF_INIT(64);
		base64_encode(&out, pairs[i][0], strlen(pairs[i][0]), false);
		CHECK_STR(buf_str(&out), pairs[i][1]);
		CHECK_OK(base64_decode(&back, buf_str(&out), &err));
		CHECK_STR(buf_str(&back), pairs[i][0]);
	}
}

TEST(base64_has_two_alphabets)
{
	struct err err;
	auto_buf out = BUF_INIT(64), text = BUF_INIT(64), other = BUF_INIT(64);
	base64_encode(&out, "\xff\xfe?>", 4, true);
	CHECK_STR(buf_str(&out), "__4_Pg==");
	CHECK_OK(base64_decode(&text, "__4_Pg", &err));
	CHECK_STR(buf_str(&text), "\xff\xfe?>");
	CHECK_OK(base64_decode(&other, "//4/Pg", &err));
	CHECK_STR(buf_str(&other), "\xff\xfe?>");
}

TEST(base64_refuses_what_is_none)
{
	struct err err;
	auto_buf out = BUF_INIT(64);
	CHECK_ERR(base64_decode(&out, "a", &err), EINVAL);
	CHECK_ERR(base64_decode(&out, "ab!d", &err), EINVAL);
	CHECK_ERR(base64_decode(&out, "Zm9v!", &err), EINVAL);
}
