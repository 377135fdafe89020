#include "base/file.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int file_read_fd(int fd, const char *name, struct buf *buf, struct err *err)
{
	for (;;) {
		size_t left = buf->max - buf->len;
		size_t want = left < 65536 ? left + 1 : 65536;
		char piece[65536];
		ssize_t got = fd_read_full(fd, piece, want > sizeof piece ? sizeof piece : want);
		if (got < 0) {
			errno = (int)-got;
			return err_sys(err, "read %s", name);
		}
		buf_append(buf, piece, (size_t)got);
		if (buf->overflow)
			return err_set(err, EFBIG, "%s is larger than %zu bytes", name, buf->max);
		if ((size_t)got < want)
			return 0;
	}
}

int file_read(int dir, const char *name, struct buf *buf, struct err *err)
{
	struct stat info;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, "read %s", name);
	if (!S_ISREG(info.st_mode))
		return err_set(err, EINVAL, "read %s: not a regular file", name);
	return file_read_fd(fd, name, buf, err);
}

static int replace_write(int dir, const char *temporary, const void *data, size_t size, mode_t mode, struct err *err)
{
	auto_fd int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(err, "create %s", temporary);
	int result = fd_write_full(fd, data, size);
	if (result < 0) {
		errno = -result;
		return err_sys(err, "write %s", temporary);
	}
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_sys(err, "write %s", temporary);
	return 0;
}

int file_replace(int dir, const char *name, const void *data, size_t size, mode_t mode, struct err *err)
{
	char temporary[280];
	if (snprintf(temporary, sizeof temporary, "%s.new", name) >= (int)sizeof temporary)
		return err_set(err, ENAMETOOLONG, "%s: the name is too long", name);
	int result = replace_write(dir, temporary, data, size, mode, err);
	if (result == 0 && renameat(dir, temporary, dir, name) < 0)
		result = err_sys(err, "rename %s to %s", temporary, name);
	if (result < 0) {
		unlinkat(dir, temporary, 0);
		return result;
	}
	auto_fd int self = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self < 0 || fsync(self) < 0)
		return err_sys(err, "make %s durable", name);
	return 0;
}

int file_control(int dir, const char *name, const char *value, struct err *err)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", name);
	int result = fd_write_full(fd, value, strlen(value));
	if (result < 0) {
		errno = -result;
		return err_sys(err, "write \"%s\" to %s", value, name);
	}
	return 0;
}
