/*
 * File descriptors: all are close-on-exec; a set is swept before exec; some travel over sockets.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* Reads or writes all of size bytes, through EINTR. fd_read_full returns the count, short only at end of file; -errno.
 */
ssize_t fd_read_full(int fd, void *data, size_t size) must_check;
int fd_write_full(int fd, const void *data, size_t size) must_check; /* 0 or -errno */

int fd_set_nonblock(int fd, bool on, struct err *err) must_check;
int fd_set_cloexec(int fd, bool on, struct err *err) must_check;

/*
 * Marks every descriptor from first up close-on-exec, whoever opened it.
 * kernel 5.11: close_range with CLOSE_RANGE_CLOEXEC; before, a walk over /proc/self/fd.
 */
int fd_sweep(int first, struct err *err) must_check;

/* Closes every descriptor from first up. kernel 5.9: close_range; before, a walk over /proc/self/fd. */
int fd_close_from(int first, struct err *err) must_check;

/* A sealed in-memory file with this content, offset 0, read-only for whoever gets it. The caller owns the fd. */
int fd_sealed(const char *name, const void *data, size_t size, int *out_fd, struct err *err) must_check;

/* kernel 5.3: pidfd_open. */
int fd_pidfd(pid_t pid, int *out_fd, struct err *err) must_check;

enum { FD_SEND_MAX = 16 };

/*
 * One message with up to FD_SEND_MAX descriptors over a unix socket (SOCK_SEQPACKET keeps its bounds).
 * fd_send returns 0 or -errno and keeps the fds open here. fd_receive returns the byte count, 0 at end of file, -errno;
 * received descriptors are close-on-exec and owned by the caller; a message that was cut is -EMSGSIZE, nothing leaks.
 */
int fd_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count) must_check;
ssize_t fd_receive(int socket, void *data, size_t size, int *out_fds, size_t fd_room, size_t *out_fd_count) must_check;

static inline void cleanup_fds(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_fd(&fds[i]);
		fds[i] = -1;
	}
}
