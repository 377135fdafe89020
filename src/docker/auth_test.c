#include "docker/auth.h"

#include "unit/test.h"

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
