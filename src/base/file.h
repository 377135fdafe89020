/*
 * Whole files: read with a maximum, replaced atomically.
 */
#pragma once

#include "base/buffer.h"

#include <sys/types.h>

/* The content of a regular file (or of one in /proc, /sys) of at most buf->max bytes, appended to buf. */
int file_read(int dir, const char *name, struct buf *buf, struct err *err) must_check;
int file_read_fd(int fd, const char *name, struct buf *buf, struct err *err) must_check;

/*
 * Replaces name below dir: temporary file, write, fsync, rename, fsync of the directory. After a crash the old or the
 * new content is there, never a mixture.
 */
int file_replace(int dir, const char *name, const void *data, size_t size, mode_t mode, struct err *err) must_check;

/* One write to a kernel control file (cgroup, sysctl); no creation, no link followed at the end. */
int file_control(int dir, const char *name, const char *value, struct err *err) must_check;
