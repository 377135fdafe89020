#include "cli/credentials.h"

#include "unit/test.h"

static struct credentials_file read_file(struct arena *arena, const char *text, const char *host)
{
	struct err err;
	struct credentials_file file;
	CHECK_OK(credentials_read(arena, text, strlen(text), host, &file, &err));
	return file;
}

TEST(credentials_by_host)
{
	auto_arena arena = {0};
	static const char text[] = "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YTpiOmM=\"},"
				   "\"https://r.example/v2/\":{\"identitytoken\":\"t\"},\"r.example:5000\":{}},"
				   "\"credHelpers\":{\"gcr.io\":\"gcloud\",\"evil.io\":\"../x\"}}";
	struct credentials_file file = read_file(&arena, text, "docker.io");
	CHECK_STR(file.auth.username, "a");
	CHECK_STR(file.auth.password, "b:c");
	CHECK_STR(read_file(&arena, text, "r.example").auth.identity_token, "t");
	CHECK(!read_file(&arena, text, "r.example:5000").auth.username);
	CHECK(!read_file(&arena, text, "other").auth.username);
	CHECK_STR(read_file(&arena, text, "gcr.io").helper, "gcloud");
	CHECK(!read_file(&arena, text, "evil.io").helper);
	CHECK_STR(read_file(&arena, "{\"credsStore\":\"pass\"}", "x").helper, "pass");
	CHECK(!read_file(&arena, "", "x").helper);
}

TEST(credentials_refuses_bad_files)
{
	struct err err;
	auto_arena arena = {0};
	struct credentials_file file;
	static const char *const bad[] = {"[", "{\"auths\":{\"x\":{\"auth\":\"YQ==\"}}}",
					  "{\"auths\":{\"x\":{\"auth\":\"!\"}}}", "{\"auths\":{\"x\":1}}",
					  "{\"auths\":{},\"auths\":{}}"};
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(credentials_read(&arena, bad[i], strlen(bad[i]), "x", &file, &err), EINVAL);
}

TEST(credentials_edit_keeps_the_rest)
{
	struct err err;
	auto_arena arena = {0};
	bool found = false;
	auto_buf out = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
	static const char text[] = "{\"psFormat\":\"table\",\"auths\":{\"a\":{\"auth\":\"eDp5\"}}}";
	const struct auth_config auth = {.username = (char *)"u", .password = (char *)"p"};
	CHECK_OK(credentials_edit(&arena, text, strlen(text), "docker.io", &auth, &out, &found, &err));
	CHECK(!found);
	CHECK_CONTAINS(out.data, "{\"psFormat\":\"table\",\"auths\":");
	CHECK_STR(read_file(&arena, out.data, "docker.io").auth.username, "u");
	CHECK_STR(read_file(&arena, out.data, "a").auth.password, "y");
	CHECK_OK(credentials_edit(&arena, out.data, out.len, "docker.io", NULL, &again, &found, &err));
	CHECK(found);
	CHECK(!read_file(&arena, again.data, "docker.io").auth.username);
	CHECK_STR(read_file(&arena, again.data, "a").auth.username, "x");
	buf_reset(&out);
	CHECK_OK(credentials_edit(&arena, "", 0, "a", &auth, &out, &found, &err));
	CHECK_STR(read_file(&arena, out.data, "a").auth.password, "p");
}
