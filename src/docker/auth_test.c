#include "docker/auth.h"

#include "unit/test.h"

TEST(base64_both_alphabets)
{
	struct err err;
	auto_arena arena = {0};
	char *text;
	size_t size;
	static const char *const rows[][2] = {
	    {"", ""},	     {"Zg==", "f"},	     {"Zg", "f"},	    {"Zm8=", "fo"},
	    {"Zm9v", "foo"}, {"Pz8-Pz8_", "?\?>?\??"}, {"Pz8+Pz8/", "?\?>?\??"}};
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_OK(base64_decode(&arena, rows[i][0], &text, &size, &err));
		CHECK_STR(text, rows[i][1]);
		CHECK_INT(size, strlen(rows[i][1]));
	}
	CHECK_ERR(base64_decode(&arena, "Z", &text, &size, &err), EINVAL);
	CHECK_ERR(base64_decode(&arena, "Zm9v!", &text, &size, &err), EINVAL);
	auto_buf out = BUF_INIT(100);
	base64_encode(&out, "foob", 4, false);
	base64_encode(&out, "?\?>", 3, true);
	CHECK_STR(out.data, "Zm9vYg==Pz8-");
}

TEST(auth_hosts)
{
	auto_arena arena = {0};
	CHECK_STR(auth_host(&arena, AUTH_HUB), "docker.io");
	CHECK_STR(auth_host(&arena, "docker.io"), "docker.io");
	CHECK_STR(auth_host(&arena, "https://a.b:5000/v2/"), "a.b:5000");
	CHECK_STR(auth_host(&arena, "a.b:5000"), "a.b:5000");
}

TEST(auth_of_the_header)
{
	struct err err;
	auto_arena arena = {0};
	struct auth_config auth;
	CHECK_OK(auth_header_decode(&arena, NULL, &auth, &err));
	CHECK(!auth.username);
	CHECK_OK(auth_header_decode(&arena, "eyJ1c2VybmFtZSI6ICJhIiwgIlBhc3N3b3JkIjoiYiJ9", &auth, &err));
	CHECK_STR(auth.username, "a");
	CHECK_STR(auth.password, "b");
	CHECK_ERR(auth_header_decode(&arena, "e", &auth, &err), EINVAL);
	CHECK_ERR(auth_header_decode(&arena, "W10=", &auth, &err), EINVAL);
}
