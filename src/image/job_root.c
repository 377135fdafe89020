#include "image/job_root.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "image/stream.h"
#include "security/confine.h"
#include "storage/overlay.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPEC_FD = 5, SPEC_MAX = 8 << 20 };

JSON_TYPE(archive_mount, F_STR(struct archive_mount, source, "source", JSON_REQUIRED),
	  F_STR(struct archive_mount, target, "target", JSON_REQUIRED),
	  F_BOOL(struct archive_mount, read_only, "read_only", 0));

JSON_TYPE(archive_spec, F_STR(struct archive_spec, verb, "verb", 0), F_STR(struct archive_spec, path, "path", 0),
	  F_STR(struct archive_spec, container, "container", 0), F_BOOL(struct archive_spec, keep_kind, "keep_kind", 0),
	  F_BOOL(struct archive_spec, has_user, "has_user", 0), F_STR(struct archive_spec, user, "user", 0),
	  F_STRV(struct archive_spec, lower, "lower", 0), F_STR(struct archive_spec, directory, "directory", 0),
	  F_BOOL(struct archive_spec, read_only, "read_only", 0),
	  F_LIST(struct archive_spec, mounts, "mounts", 0, archive_mount),
	  F_BOOL(struct archive_spec, running, "running", 0));

int root_spec_read(struct arena *arena, struct archive_spec *out_spec, struct err *err)
{
	auto_buf text = BUF_INIT(SPEC_MAX);
	int rc = file_read_fd(SPEC_FD, "the job's specification", &text, err);
	close(SPEC_FD);
	return rc < 0 ? rc
		      : json_load(arena, &table_archive_spec, buf_str(&text), text.len, "the job's specification", 0,
				  out_spec, err);
}

/* One bind or volume over the root of a container that does not run. A target that is not there shows nothing. */
static int mount_add(const struct archive_mount *mount, int root, struct err *err)
{
	struct {
		uint64_t attr_set, attr_clr, propagation, userns_fd;
	} attr = {.attr_set = MOUNT_ATTR_RDONLY};
	enum { MOUNT_SETATTR = 442 };
	auto_fd int target = -1;
	if (path_open(root, mount->target, PATH_IN_ROOT, O_PATH, 0, &target, err) < 0)
		return 0;
	auto_fd int tree =
	    (int)syscall(SYS_open_tree, AT_FDCWD, mount->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", mount->source);
	if (mount->read_only && syscall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return err_sys(err, "make %s read-only", mount->source);
	if (syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 &&
	    errno != ENOTDIR)
		return err_sys(err, "mount %s", mount->source);
	return 0;
}

static int root_open(const struct archive_spec *spec, bool writable, int *out_tree, struct err *err)
{
	if (spec->running)
		return confine_tree_of(ROOT_FD, writable, out_tree, err);
	const struct overlay_spec overlay = {spec->lower, spec->directory, writable};
	auto_fd int root = -1;
	int rc = layers_mount(ROOT_FD, &overlay, &root, err);
	for (size_t i = 0; rc == 0 && i < spec->mounts.count; i++)
		rc = mount_add(&spec->mounts.items[i], root, err);
	return rc < 0 ? rc : confine_tree(root, writable, out_tree, err);
}

int root_enter(const struct archive_spec *spec, bool writable, struct err *err)
{
	int tree = -1; /* stays open: with its last descriptor the copy of the mounts falls apart */
	int rc = root_open(spec, writable, &tree, err);
	if (rc < 0)
		return rc;
	auto_fd int root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || dup3(root, ROOT_FD, O_CLOEXEC) < 0)
		return err_sys(err, "open the container's root");
	return confine_enter(&(struct confine_spec){.dirs = {{ROOT_FD, writable, .enclosed = true}}, .dir_count = 1},
			     err);
}

int output_copy(struct stream *stream, struct err *err)
{
	for (;;) {
		const uint8_t *data;
		size_t size;
		int rc = stream_next(stream, &data, &size, err);
		if (rc < 0 || size == 0)
			return rc;
		rc = fd_write_full(STDOUT_FILENO, data, size);
		if (rc < 0)
			return err_set(err, -rc, "write the archive: %s", strerror(-rc));
	}
}
