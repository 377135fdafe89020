#include "storage/copy_up.h"

#include "base/map.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { DEPTH_MAX = 256, XATTR_NAMES = 64 << 10, XATTR_VALUE = 64 << 10, CHUNK = 1 << 20, LINKS_NAME = 4096 };

struct copy {
	struct map links; /* "inode" of files with several names: where the first copy is, from the top */
	char path[LINKS_NAME];
	int top;
	char *scratch; /* CHUNK bytes */
};

/* --- attributes --- */

static int xattrs_copy(struct copy *copy, int from, int to, const char *name, struct err *err)
{
	char *names = copy->scratch, *value = copy->scratch + XATTR_NAMES;
	ssize_t size = flistxattr(from, names, XATTR_NAMES);
	if (size < 0)
		return errno == ENOTSUP ? 0 : err_sys(err, "list the attributes of %s", name);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		const char *key = names + at;
		if (text_after(key, "trusted.overlay."))
			continue;
		ssize_t length = fgetxattr(from, key, value, XATTR_VALUE);
		if (length < 0)
			return err_sys(err, "read attribute %s of %s", key, name);
		if (fsetxattr(to, key, value, (size_t)length, 0) < 0 && errno != ENOTSUP)
			return err_sys(err, "set attribute %s of %s", key, name);
	}
	return 0;
}

/* Owner first: it takes set-user-ID away; the times last. */
static int attributes_copy(struct copy *copy, int from, int to, const struct stat *info, const char *name,
			   struct err *err)
{
	const struct timespec times[] = {info->st_atim, info->st_mtim};
	if (fchown(to, info->st_uid, info->st_gid) < 0)
		return err_sys(err, "set the owner of %s", name);
	if (fchmod(to, info->st_mode & 07777) < 0)
		return err_sys(err, "set the mode of %s", name);
	int rc = xattrs_copy(copy, from, to, name, err);
	if (rc == 0 && futimens(to, times) < 0)
		return err_sys(err, "set the times of %s", name);
	return rc;
}

/* --- entries --- */

static int bytes_copy(struct copy *copy, int from, int to, int64_t size, const char *name, struct err *err)
{
	int64_t left = size;
	while (left > 0) {
		ssize_t done = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);
		if (done == 0)
			return 0; /* shorter than it was */
		if (done > 0) {
			left -= done;
			continue;
		}
		if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
			return err_sys(err, "copy %s", name);
		break;
	}
	/* kernel 5.3: copy_file_range across file systems. */
	while (left > 0) {
		ssize_t got = read(from, copy->scratch, CHUNK);
		if (got == 0)
			return 0;
		for (ssize_t at = 0, put = 0; at < got; at += put) {
			put = write(to, copy->scratch + at, (size_t)(got - at));
			if (put < 0)
				return err_sys(err, "copy %s", name);
		}
		if (got < 0)
			return err_sys(err, "copy %s", name);
		left -= got;
	}
	return 0;
}

static int file_copy(struct copy *copy, int from_dir, int to_dir, const char *name, const struct stat *info,
		     struct err *err)
{
	auto_fd int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		return err_sys(err, "copy %s", name);
	int rc = bytes_copy(copy, from, to, info->st_size, name, err);
	return rc < 0 ? rc : attributes_copy(copy, from, to, info, name, err);
}

static int link_copy(int from_dir, int to_dir, const char *name, const struct stat *info, struct err *err)
{
	enum { TARGET_MAX = 4096 };
	char target[TARGET_MAX + 1];
	const struct timespec times[] = {info->st_atim, info->st_mtim};
	ssize_t size = readlinkat(from_dir, name, target, TARGET_MAX);
	if (size < 0)
		return err_sys(err, "read link %s", name);
	target[size] = 0;
	if (symlinkat(target, to_dir, name) < 0 ||
	    fchownat(to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "copy link %s", name);
	return 0;
}

static int node_copy(int to_dir, const char *name, const struct stat *info, struct err *err)
{
	if (mknodat(to_dir, name, info->st_mode, info->st_rdev) < 0 ||
	    fchownat(to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_dir, name, info->st_mode & 07777, 0) < 0)
		return err_sys(err, "copy %s", name);
	return 0;
}

/* Another name of what was copied already: *out_done. */
static int hard_link(struct copy *copy, int to_dir, const char *name, const struct stat *info, bool *out_done,
		     struct err *err)
{
	char key[32];
	*out_done = false;
	if (S_ISDIR(info->st_mode) || info->st_nlink < 2)
		return 0;
	snprintf(key, sizeof key, "%llx", (unsigned long long)info->st_ino);
	const char *first = map_get(&copy->links, key);
	if (!first) {
		map_put(&copy->links, key, x_printf("%s%s", copy->path, name));
		return 0;
	}
	if (linkat(copy->top, first, to_dir, name, 0) < 0)
		return err_sys(err, "link %s", name);
	*out_done = true;
	return 0;
}

static int entries_copy(struct copy *copy, int from, int to, unsigned depth, struct err *err);

static int dir_copy(struct copy *copy, int from_dir, int to_dir, const char *name, const struct stat *info,
		    unsigned depth, struct err *err)
{
	size_t before = strlen(copy->path), room = sizeof copy->path - before;
	if (depth == 0 || (size_t)snprintf(copy->path + before, room, "%s/", name) >= room)
		return err_set(err, ELOOP, "copy %s: directories are too deep", name);
	auto_fd int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return err_sys(err, "copy %s", name);
	auto_fd int to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return err_sys(err, "copy %s", name);
	int rc = entries_copy(copy, from, to, depth - 1, err);
	copy->path[before] = 0;
	return rc < 0 ? rc : attributes_copy(copy, from, to, info, name, err);
}

static int entry_copy(struct copy *copy, int from, int to, const char *name, unsigned depth, struct err *err)
{
	struct stat info;
	bool done;
	if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "read %s", name);
	int rc = hard_link(copy, to, name, &info, &done, err);
	if (rc < 0 || done)
		return rc;
	if (S_ISDIR(info.st_mode))
		return dir_copy(copy, from, to, name, &info, depth, err);
	if (S_ISREG(info.st_mode))
		return file_copy(copy, from, to, name, &info, err);
	if (S_ISLNK(info.st_mode))
		return link_copy(from, to, name, &info, err);
	return node_copy(to, name, &info, err);
}

static int entries_copy(struct copy *copy, int from, int to, unsigned depth, struct err *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		cleanup_fd(&fd);
		return err_sys(err, "read a directory");
	}
	const struct dirent *entry;
	while (rc == 0 && (entry = readdir(list))) {
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			rc = entry_copy(copy, from, to, entry->d_name, depth, err);
	}
	return rc;
}

int copy_tree(int from, int to, struct err *err)
{
	struct stat info;
	struct copy copy = {.top = to};
	if (fstat(from, &info) < 0)
		return err_sys(err, "read a directory");
	copy.scratch = x_alloc(CHUNK);
	int rc = entries_copy(&copy, from, to, DEPTH_MAX, err);
	if (rc == 0)
		rc = attributes_copy(&copy, from, to, &info, "the directory", err);
	size_t position = 0;
	const char *key;
	void *path;
	while (map_next(&copy.links, &position, &key, &path))
		free(path);
	map_done(&copy.links);
	free(copy.scratch);
	return rc;
}
