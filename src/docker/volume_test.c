#include "docker/volume.h"
#include "unit/test.h"

static struct err err;

TEST(volume_names)
{
	static const char *const good[] = {"ab", "a_.-", "0a", "data-volume_1.x"};
	static const char *const bad[] = {"", "a/b", "..", ".a", "-a", "a b", "a\nb", "_a", "a\xc3\xa4"};
	for (size_t i = 0; i < array_size(good); i++)
		CHECK_OK(volume_name_check(good[i], &err));
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(volume_name_check(bad[i], &err), EINVAL);
	CHECK_ERR(volume_name_check("a", &err), EINVAL);
	CHECK_STR(err.msg, "create a: volume name is too short, names should be at least two alphanumeric characters");
	CHECK_ERR(volume_name_check("a/b", &err), EINVAL);
	CHECK_STR(err.msg, "create a/b: \"a/b\" includes invalid characters for a local volume name, only "
			   "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
			   "absolute path");
	char name[258] = {0};
	memset(name, 'a', 256);
	CHECK_ERR(volume_name_check(name, &err), EINVAL);
	name[255] = 0;
	CHECK_OK(volume_name_check(name, &err));
}

static int options(const char *a, const char *a_value, const char *b, const char *b_value)
{
	struct json_pair pairs[] = {{(char *)a, (char *)a_value}, {(char *)b, (char *)b_value}};
	const struct json_map map = {pairs, b ? 2 : 1};
	return volume_options_check(&map, &err);
}

TEST(volume_options)
{
	CHECK_OK(volume_options_check(&(struct json_map){0}, &err));
	CHECK_OK(options("type", "tmpfs", "device", "tmpfs"));
	CHECK_OK(options("type", "cifs", "device", "//server/share"));
	CHECK_ERR(options("typ", "x", NULL, NULL), EINVAL);
	CHECK_STR(err.msg, "invalid option: \"typ\"");
	CHECK_ERR(options("type", "tmpfs", NULL, NULL), EINVAL);
	CHECK_STR(err.msg, "missing required option: \"device\"");
	CHECK_ERR(options("device", "tmpfs", NULL, NULL), EINVAL);
	CHECK_STR(err.msg, "missing required option: \"type\"");
	CHECK_ERR(options("o", "size=1m", "type", "tmpfs"), EINVAL);
	CHECK_ERR(options("type", "cifs", "device", "//server:445/share"), EINVAL);
	CHECK_STR(err.msg, "port not allowed in CIFS device URL, include 'port' in 'o='");
	CHECK_ERR(options("size", "10m", NULL, NULL), EINVAL);
	CHECK_STR(err.msg, "quota size requested but no quota support");
	CHECK_ERR(options("size", "x", NULL, NULL), EINVAL);
}

TEST(volume_drivers)
{
	CHECK_OK(volume_driver_check("", &err));
	CHECK_OK(volume_driver_check("local", &err));
	CHECK_ERR(volume_driver_check("nosuch", &err), ENOENT);
	CHECK_STR(err.msg, "error looking up volume plugin nosuch: plugin \"nosuch\" not found");
}
