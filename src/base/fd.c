#include "base/fd.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

ssize_t fd_read_full(int fd, void *data, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t got = read(fd, (char *)data + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int fd_write_full(int fd, const void *data, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t put = write(fd, (const char *)data + done, size - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

int fd_set_nonblock(int fd, bool on, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return err_sys(err, "read the flags of descriptor %d", fd);
	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return err_sys(err, "set the flags of descriptor %d", fd);
	return 0;
}

int fd_set_cloexec(int fd, bool on, struct err *err)
{
	if (fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0)
		return err_sys(err, "set close-on-exec of descriptor %d", fd);
	return 0;
}

/* Calls visit for each open descriptor from first up, except the one that lists them. */
static int fd_walk(int first, int (*visit)(int fd), struct err *err)
{
	auto_dir DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return err_sys(err, "open /proc/self/fd");
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		int64_t fd;
		struct err ignored;
		if (!text_is_digits(entry->d_name) ||
		    number_parse(entry->d_name, 0, INT32_MAX, "descriptor", &fd, &ignored))
			continue;
		if (fd >= first && fd != dirfd(dir) && visit((int)fd) < 0)
			return err_sys(err, "sweep descriptor %d", (int)fd);
	}
	return 0;
}

static int visit_cloexec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int visit_close(int fd)
{
	return close(fd);
}

int fd_sweep(int first, struct err *err)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	return fd_walk(first, visit_cloexec, err); /* kernel 5.11: close_range CLOEXEC */
}

int fd_close_from(int first, struct err *err)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return 0;
	return fd_walk(first, visit_close, err); /* kernel 5.9: close_range */
}

int fd_sealed(const char *name, const void *data, size_t size, int *out_fd, struct err *err)
{
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(err, "create memory file %s", name);
	int result = fd_write_full(fd, data, size);
	if (result < 0) {
		errno = -result;
		return err_sys(err, "write memory file %s", name);
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(err, "seal memory file %s", name);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "rewind memory file %s", name);
	*out_fd = take_fd(&fd);
	return 0;
}

int fd_pidfd(pid_t pid, int *out_fd, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
	if (fd < 0)
		return err_sys(err, "open process %d", (int)pid);
	*out_fd = fd;
	return 0;
}

int fd_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * FD_SEND_MAX)];
	} control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (fd_count > FD_SEND_MAX)
		return -E2BIG;
	if (fd_count) {
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
	}
	for (;;) {
		ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		return (size_t)sent == size ? 0 : -EMSGSIZE;
	}
}

ssize_t fd_receive(int socket, void *data, size_t size, int *out_fds, size_t fd_room, size_t *out_fd_count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * FD_SEND_MAX)];
	} control;
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;

	int fds[FD_SEND_MAX];
	size_t count = 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < here && count < FD_SEND_MAX; i++)
			memcpy(&fds[count++], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	}
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || count > fd_room) {
		cleanup_fds(fds, count);
		return -EMSGSIZE;
	}
	if (count)
		memcpy(out_fds, fds, count * sizeof(int));
	if (out_fd_count)
		*out_fd_count = count;
	return got;
}
