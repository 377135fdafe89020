#include "runtime/copy_up.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 128, PIECE = 64 << 10 };

static int file_copy(int from, int to, const char *name, const struct stat *info, struct err *err)
{
	auto_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, info->st_mode & 07777);
	if (in < 0 || out < 0)
		return err_sys(err, "copy %s", name);
	auto_free char *piece = x_alloc(PIECE);
	for (;;) {
		ssize_t size = fd_read_full(in, piece, PIECE);
		int rc = size > 0 ? fd_write_full(out, piece, (size_t)size) : (int)size;
		if (rc < 0)
			return err_set(err, -rc, "copy %s: %s", name, strerror(-rc));
		if (size < PIECE)
			break;
	}
	if (fchown(out, info->st_uid, info->st_gid) < 0 || fchmod(out, info->st_mode & 07777) < 0)
		return err_sys(err, "copy %s", name);
	return 0;
}

static int link_copy(int from, int to, const char *name, const struct stat *info, struct err *err)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(from, name, target, sizeof target - 1);
	if (size < 0)
		return err_sys(err, "copy %s", name);
	target[size] = 0;
	if (symlinkat(target, to, name) < 0 || fchownat(to, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "copy %s", name);
	return 0;
}

static int directory_copy(int from, int to, int depth, struct err *err);

static int entry_copy(int from, int to, const char *name, int depth, struct err *err)
{
	struct stat info;
	if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "copy %s", name);
	if (S_ISREG(info.st_mode))
		return file_copy(from, to, name, &info, err);
	if (S_ISLNK(info.st_mode))
		return link_copy(from, to, name, &info, err);
	if (!S_ISDIR(info.st_mode)) {
		if (mknodat(to, name, info.st_mode, info.st_rdev) < 0 ||
		    fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, "copy %s", name);
		return 0;
	}
	if (mkdirat(to, name, 0700) < 0)
		return err_sys(err, "copy %s", name);
	auto_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || out < 0)
		return err_sys(err, "copy %s", name);
	int rc = directory_copy(in, out, depth - 1, err);
	if (rc == 0 && (fchown(out, info.st_uid, info.st_gid) < 0 || fchmod(out, info.st_mode & 07777) < 0))
		rc = err_sys(err, "copy %s", name);
	return rc;
}

static int directory_copy(int from, int to, int depth, struct err *err)
{
	int readable = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = readable < 0 ? NULL : fdopendir(readable);
	const struct dirent *entry;
	int rc = 0;
	if (!dir) {
		cleanup_fd(&readable);
		return err_sys(err, "read a directory");
	}
	if (depth == 0)
		return err_set(err, ELOOP, "directories are too deep");
	while (rc == 0 && (entry = readdir(dir))) {
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			rc = entry_copy(from, to, entry->d_name, depth, err);
	}
	return rc;
}

int copy_up(int from, int to, struct err *err)
{
	return directory_copy(from, to, DEPTH_MAX, err);
}
