#include "docker/reference.h"
#include "unit/test.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(reference_normalises)
{
	static const struct {
		const char *text, *full, *familiar;
	} rows[] = {
	    {"alpine", "docker.io/library/alpine", "alpine"},
	    {"alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"},
	    {"library/alpine", "docker.io/library/alpine", "alpine"},
	    {"docker.io/alpine", "docker.io/library/alpine", "alpine"},
	    {"index.docker.io/library/alpine:x", "docker.io/library/alpine:x", "alpine:x"},
	    {"grafana/grafana", "docker.io/grafana/grafana", "grafana/grafana"},
	    {"library/a/b", "docker.io/library/a/b", "library/a/b"},
	    {"localhost/x", "localhost/x", "localhost/x"},
	    {"localhost:5000/a/b:T_1.x-y", "localhost:5000/a/b:T_1.x-y", "localhost:5000/a/b:T_1.x-y"},
	    {"ghcr.io/a_b/c__d.e---f/g-h", "ghcr.io/a_b/c__d.e---f/g-h", "ghcr.io/a_b/c__d.e---f/g-h"},
	    {"UPPER/case", "UPPER/case", "UPPER/case"},
	    {"[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"},
	    {"10.0.0.1/x", "10.0.0.1/x", "10.0.0.1/x"},
	    {"a:80", "docker.io/library/a:80", "a:80"},
	    {"x@sha256:" HEX64, "docker.io/library/x@sha256:" HEX64, "x@sha256:" HEX64},
	    {"x:1@sha256:" HEX64, "docker.io/library/x:1@sha256:" HEX64, "x:1@sha256:" HEX64},
	    {"docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"}, /* "a.b/c" would be of the registry a.b */
	    {"docker.io/localhost/c", "docker.io/localhost/c", "docker.io/localhost/c"},
	    {"xn--n3h.com/myimage", "xn--n3h.com/myimage", "xn--n3h.com/myimage"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct err err;
		struct reference reference;
		char text[REFERENCE_TEXT_MAX];
		CHECK_OK(reference_parse(rows[i].text, &reference, &err));
		reference_full(&reference, text);
		CHECK_STR(text, rows[i].full);
		reference_familiar(&reference, text);
		CHECK_STR(text, rows[i].familiar);
		/* Both forms mean the same again. */
		CHECK_OK(reference_parse(text, &reference, &err));
		reference_full(&reference, text);
		CHECK_STR(text, rows[i].full);
	}
}

TEST(reference_refuses)
{
	static const char *const bad[] = {
	    "",
	    ":",
	    "@",
	    "/",
	    "a/",
	    "/a",
	    "a//b",
	    ":tag",
	    "a:",
	    "a:b:c",
	    "a:-x",
	    "a:.x",
	    "-a",
	    "a-",
	    "a..b",
	    "a___b",
	    "a._b",
	    "a/b/",
	    "a b",
	    "a\n",
	    "a:b c",
	    "a@",
	    "a@sha256",
	    "a@sha256:",
	    "a@sha256:12",
	    "a@sha256:" HEX64 "0",
	    "a@sha256:" HEX64 "@x",
	    "a@md5:" HEX64,
	    "Alpine",
	    "library/Alpine",
	    HEX64,
	    "-x.com/a",
	    "x-.com/a",
	    "x..com/a",
	    ".com/a",
	    "x.com:/a",
	    "x.com:8x/a",
	    "[::1/a",
	    "..",
	    "../a",
	    "a/../b",
	    "a/./b",
	    "\xc3\xa4",
	    "a\x1b[31m",
	    "aa/asdf$$^/aa",
	    "docker.io/",
	    "localhost:5000/",
	};
	for (size_t i = 0; i < array_size(bad); i++) {
		struct err err = {0};
		struct reference reference;
		int result = reference_parse(bad[i], &reference, &err);
		if (result != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" is accepted", bad[i]);
	}
}

TEST(reference_says_why)
{
	struct err err;
	struct reference reference;
	char name[400];
	CHECK_ERR(reference_parse("Alpine", &reference, &err), EINVAL);
	CHECK_STR(err.msg, "invalid reference format: repository name (library/Alpine) must be lowercase");
	CHECK_ERR(reference_parse("a b", &reference, &err), EINVAL);
	CHECK_STR(err.msg, "invalid reference format");
	memset(name, 'a', sizeof name);
	name[256] = 0;
	memcpy(name, "x/", 2);
	CHECK_ERR(reference_parse(name, &reference, &err), EINVAL);
	CHECK_STR(err.msg, "repository name must not be more than 255 characters");
	name[255] = 0;
	CHECK_OK(reference_parse(name, &reference, &err));
	CHECK_ERR(reference_check_tag("a/b", &err), EINVAL);
	CHECK_STR(err.msg, "invalid tag format");
}

TEST(reference_tags_end_at_128)
{
	struct err err;
	struct reference reference;
	char text[2 + 129 + 1] = "a:";
	memset(text + 2, 't', 129);
	CHECK_ERR(reference_parse(text, &reference, &err), EINVAL);
	text[2 + 128] = 0;
	CHECK_OK(reference_parse(text, &reference, &err));
}

TEST(reference_default_tag)
{
	struct err err;
	struct reference reference;
	char text[REFERENCE_TEXT_MAX];
	CHECK_OK(reference_parse("a", &reference, &err));
	reference_set_default_tag(&reference);
	reference_familiar(&reference, text);
	CHECK_STR(text, "a:latest");
	reference_familiar_name(&reference, text);
	CHECK_STR(text, "a");
	CHECK_OK(reference_parse("a@sha256:" HEX64, &reference, &err));
	reference_set_default_tag(&reference);
	CHECK_STR(reference.tag, "");
}
