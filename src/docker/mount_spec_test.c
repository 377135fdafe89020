#include "docker/mount_spec.h"
#include "unit/test.h"

static struct arena arena;

TEST(bind_forms)
{
	struct err err;
	struct bind_spec spec;
	CHECK_OK(bind_spec_parse(&arena, "/srv:/data", &spec, &err));
	CHECK_STR(spec.source, "/srv");
	CHECK_STR(spec.target, "/data");
	CHECK(!spec.read_only);
	CHECK(bind_spec_is_path(&spec));
	CHECK_OK(bind_spec_parse(&arena, "/srv//a/./b/:/data/../x/:ro,rslave,Z", &spec, &err));
	CHECK_STR(spec.source, "/srv/a/b");
	CHECK_STR(spec.target, "/x");
	CHECK(spec.read_only);
	CHECK_STR(spec.propagation, "rslave");
	CHECK_INT(spec.selinux, 'Z');
	CHECK_OK(bind_spec_parse(&arena, "name:/data:nocopy", &spec, &err));
	CHECK(!bind_spec_is_path(&spec) && spec.no_copy);
	CHECK_OK(bind_spec_parse(&arena, "/data", &spec, &err));
	CHECK(!spec.source);
	arena_done(&arena);
}

TEST(bind_refuses)
{
	static const char *const texts[] = {"",
					    ":/x",
					    "/x:",
					    "a:b:c:d",
					    "/a:b",
					    "/a:/",
					    "/a:/..",
					    "/a:/b:rx",
					    "/a:/b:ro,rw",
					    "/a:/b:",
					    "/a:/b:ro,private,shared"};
	struct err err;
	struct bind_spec spec;
	for (size_t i = 0; i < array_size(texts); i++) {
		CHECK_ERR(bind_spec_parse(&arena, texts[i], &spec, &err), EINVAL);
		CHECK_CONTAINS(err.msg, "invalid volume specification: '");
	}
	arena_done(&arena);
}

TEST(mount_forms)
{
	struct err err;
	struct mount_request mount;
	CHECK_OK(
	    mount_spec_parse(&arena, "type=bind,src=/srv,dst=/data,readonly,bind-propagation=rshared", &mount, &err));
	CHECK_STR(mount.source, "/srv");
	CHECK_STR(mount.target, "/data");
	CHECK(mount.read_only);
	CHECK_STR(mount.bind->propagation, "rshared");
	CHECK_OK(mount_spec_parse(&arena, "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770", &mount, &err));
	CHECK_INT(mount.tmpfs->size_bytes, 64 << 20);
	CHECK_INT(mount.tmpfs->mode, 01770);
	CHECK_OK(mount_spec_parse(&arena, "type=bind,\"src=/a,b\"\"c\",dst=/d,ro=false", &mount, &err));
	CHECK_STR(mount.source, "/a,b\"c");
	CHECK(!mount.read_only);
	CHECK_OK(mount_spec_parse(&arena,
				  "src=v,dst=/d,volume-nocopy,volume-label=a=1,volume-label=b,volume-label=a=2,"
				  "volume-driver=local,volume-opt=type=tmpfs,volume-subpath=x/y",
				  &mount, &err));
	CHECK_STR(mount.type, "volume");
	CHECK(mount.volume->no_copy);
	CHECK_INT(mount.volume->labels.count, 2);
	CHECK_STR(json_map_get(&mount.volume->labels, "a"), "2");
	CHECK_STR(json_map_get(&mount.volume->labels, "b"), "");
	CHECK_STR(json_map_get(&mount.volume->driver->options, "type"), "tmpfs");
	CHECK_STR(mount.volume->subpath, "x/y");
	CHECK_OK(mount_spec_parse(&arena, "type=image,src=busybox,dst=/d,image-subpath=etc", &mount, &err));
	CHECK_STR(mount.image->subpath, "etc");
	arena_done(&arena);
}

TEST(mount_refuses)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
	} rows[] = {
	    {"", EINVAL, "value is empty"},
	    {"type", EINVAL, "must be a key=value pair"},
	    {"type=bind,src=/a", EINVAL, "target is required"},
	    {"type=bind,dst=/a", EINVAL, "source is required"},
	    {"type=bind,src=/a,dst=b", EINVAL, "must be an absolute path"},
	    {"type=bind,src=/a,dst=/b,what=1", EINVAL, "unexpected key 'what' in 'what=1'"},
	    {"type=bind,src=/a,dst=/b,readonly=maybe", EINVAL, "invalid value for readonly: maybe"},
	    {"type=bind,src=/a,dst=/b,tmpfs-size=1m", EINVAL, "cannot mix 'tmpfs-*' options"},
	    {"type=tmpfs,dst=/b,tmpfs-mode=9", EINVAL, "invalid value for tmpfs-mode"},
	    {"type=tmpfs,dst=/b,tmpfs-mode=77777", EINVAL, "invalid value for tmpfs-mode"},
	    {"type=tmpfs,src=/a,dst=/b", EINVAL, "has no source"},
	    {"type=bind,src=/a,dst=/b,volume-nocopy", EINVAL, "cannot mix 'volume-*' options with mount type 'bind'"},
	    {"type=volume,src=a,dst=/b,image-subpath=x", EINVAL, "cannot mix 'image-*' options"},
	    {"type=image,dst=/b", EINVAL, "source is required when mount type is image"},
	    {"type=volume,dst=/b,volume-nocopy=maybe", EINVAL, "invalid value for volume-nocopy: maybe"},
	    {"type=npipe,dst=/b", EOPNOTSUPP, "type=npipe: known to Docker, not there yet"},
	    {"type=floppy,dst=/b", EINVAL, "mount type unknown: \"floppy\""},
	    {"type=bind,\"src=/a,dst=/b", EINVAL, "a quote is not closed"},
	};
	struct err err;
	struct mount_request mount;
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_ERR(mount_spec_parse(&arena, rows[i].text, &mount, &err), rows[i].code);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
	arena_done(&arena);
}

TEST(tmpfs_forms)
{
	struct err err;
	char *target, *options;
	CHECK_OK(tmpfs_spec_parse(&arena, "/t:rw,size=64m", &target, &options, &err));
	CHECK_STR(target, "/t");
	CHECK_STR(options, "rw,size=64m");
	CHECK_OK(tmpfs_spec_parse(&arena, "/t/", &target, &options, &err));
	CHECK_STR(target, "/t");
	CHECK_STR(options, "");
	CHECK_ERR(tmpfs_spec_parse(&arena, "t", &target, &options, &err), EINVAL);
	CHECK_ERR(tmpfs_spec_parse(&arena, "/", &target, &options, &err), EINVAL);
	arena_done(&arena);
}

static int check(const struct mount_request *mount, struct err *err)
{
	return mount_request_check(mount, err);
}

TEST(mount_requests_are_checked_in_dockers_words)
{
	struct bind_options bind = {0}, force = {.read_only_force_recursive = true};
	struct volume_options up = {.subpath = (char *)"a/../../b"}, sub = {.subpath = (char *)"a"};
	struct tmpfs_options tmpfs = {.size_bytes = -1};
#define TEXT(text) ((char *)(text))
	const struct {
		struct mount_request mount;
		const char *message;
	} rows[] = {
	    {{.type = TEXT("floppy"), .target = TEXT("/a")}, "mount type unknown"},
	    {{.type = TEXT("volume")}, "field Target must not be empty"},
	    {{.type = TEXT("volume"), .target = TEXT("a")}, "invalid mount path: 'a' mount path must be absolute"},
	    {{.type = TEXT("volume"), .target = TEXT("/a/..")}, "invalid specification: destination can't be '/'"},
	    {{.type = TEXT("volume"), .target = TEXT("/a"), .bind = &bind}, "field BindOptions must not be specified"},
	    {{.type = TEXT("volume"), .target = TEXT("/a"), .read_only = true},
	     "must not set ReadOnly mode when using anonymous volumes"},
	    {{.type = TEXT("volume"), .target = TEXT("/a"), .volume = &sub},
	     "must not set Subpath when using anonymous volumes"},
	    {{.type = TEXT("volume"), .target = TEXT("/a"), .source = TEXT("v"), .volume = &up},
	     "subpath must be a relative path within the volume"},
	    {{.type = TEXT("bind"), .target = TEXT("/a")}, "field Source must not be empty"},
	    {{.type = TEXT("bind"), .target = TEXT("/a"), .source = TEXT("b")},
	     "invalid mount path: 'b' mount path must be absolute"},
	    {{.type = TEXT("bind"), .target = TEXT("/a"), .source = TEXT("/b"), .bind = &force},
	     "ReadOnlyForceRecursive requires ReadOnly"},
	    {{.type = TEXT("tmpfs"), .target = TEXT("/a"), .source = TEXT("/b")}, "field Source must not be specified"},
	    {{.type = TEXT("tmpfs"), .target = TEXT("/a"), .tmpfs = &tmpfs}, "invalid tmpfs size: -1"},
	    {{.type = TEXT("image"), .target = TEXT("/a")}, "field Source must not be empty"},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_ERR(check(&rows[i].mount, &err), EINVAL);
		CHECK_STR(err.msg, rows[i].message);
	}
	const struct mount_request good = {
	    .type = TEXT("volume"), .target = TEXT("/a"), .source = TEXT("v"), .volume = &sub};
	CHECK_OK(check(&good, &err));
}
