#include "docker/platform.h"
#include "unit/test.h"

static bool fits(const char *wanted, const char *os, const char *architecture, const char *variant)
{
	auto_arena arena = {0};
	struct oci_platform platform;
	struct err err;
	CHECK_OK(platform_parse(&arena, wanted, &platform, &err));
	return platform_fits(&platform, os, architecture, variant);
}

TEST(platforms_are_compared_as_people_mean_them)
{
	CHECK(fits("linux/amd64", "linux", "amd64", NULL));
	CHECK(fits("linux/x86_64", "linux", "amd64", ""));
	CHECK(fits("amd64", NULL, "amd64", NULL));
	CHECK(fits("linux", "linux", "riscv64", NULL));
	CHECK(fits("linux/arm64", "linux", "arm64", "v8"));
	CHECK(fits("linux/arm64/v8", "linux", "arm64", NULL));
	CHECK(fits("linux/armhf", "linux", "arm", "v7"));
	CHECK(!fits("linux/arm/v6", "linux", "arm", "v7"));
	CHECK(!fits("linux/arm64", "linux", "amd64", NULL));
	CHECK(!fits("windows/amd64", "linux", "amd64", NULL));
	CHECK(fits("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}", "linux", "arm64", NULL));
}

TEST(what_is_no_platform_is_refused)
{
	static const char *const texts[] = {"linux/",	     "/",	   "a/b/c/d", "linux/am d64",
					    "linux/\x1b[1m", "{\"os\":1}", "{"};
	for (size_t i = 0; i < array_size(texts); i++) {
		auto_arena arena = {0};
		struct oci_platform platform;
		struct err err;
		CHECK_ERR(platform_parse(&arena, texts[i], &platform, &err), EINVAL);
	}
}
