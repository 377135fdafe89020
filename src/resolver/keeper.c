#include "resolver/keeper.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct question {
	int32_t family, type; /* of a socket; 0: the text is asked for */
};

struct reply {
	int32_t code; /* 0 or an errno value */
	char text[KEEPER_TEXT_MAX];
};

enum { REPLY_HEAD = offsetof(struct reply, text) };

/* --- the keeper --- */

static int text_answer(int socket, struct reply *reply)
{
	auto_buf text = BUF_INIT(KEEPER_TEXT_MAX);
	struct err err;
	if (file_read(AT_FDCWD, "/etc/resolv.conf", &text, &err) < 0 && err.code != ENOENT)
		reply->code = err.code;
	memcpy(reply->text, buf_str(&text), text.len);
	return fd_send(socket, reply, REPLY_HEAD + text.len, NULL, 0);
}

static int socket_answer(int socket_fd, int home, const struct question *question, int space, struct reply *reply)
{
	auto_fd int made = -1;
	if (setns(space, CLONE_NEWNET) < 0) {
		reply->code = errno;
	} else {
		made = socket(question->family, question->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		reply->code = made < 0 ? errno : 0;
		if (setns(home, CLONE_NEWNET) < 0)
			return -errno; /* going on in a container's namespace would be worse than ending */
	}
	return fd_send(socket_fd, reply, REPLY_HEAD, &made, made >= 0);
}

static bool question_is_good(const struct question *question, ssize_t size, size_t fd_count)
{
	return size == sizeof *question &&
	       ((question->family == 0 && fd_count == 0) ||
		((question->family == AF_INET || question->family == AF_INET6) &&
		 (question->type == SOCK_DGRAM || question->type == SOCK_STREAM) && fd_count == 1));
}

int keeper_run(int socket, struct err *err)
{
	static struct reply reply;
	auto_fd int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return err_sys(err, "open the own network namespace");
	for (;;) {
		struct question question;
		int space = -1;
		size_t fd_count = 0;
		ssize_t size = fd_receive(socket, &question, sizeof question, &space, 1, &fd_count);
		if (size == 0)
			return 0;
		int rc = size < 0 ? (int)size : question_is_good(&question, size, fd_count) ? 0 : -EPROTO;
		reply.code = 0;
		if (rc == 0)
			rc = question.family ? socket_answer(socket, home, &question, space, &reply)
					     : text_answer(socket, &reply);
		cleanup_fd(&space);
		if (rc == -EPIPE || rc == -ECONNRESET)
			return 0;
		if (rc < 0)
			return err_set(err, -rc, "answer the resolver: %s", strerror(-rc));
	}
}

/* --- the asking side --- */

static int ask(int socket, const struct question *question, const int *fds, size_t fd_count, struct reply *reply,
	       int *out_fd, size_t *out_size, struct err *err)
{
	size_t received = 0;
	auto_fd int got = -1;
	int rc = fd_send(socket, question, sizeof *question, fds, fd_count);
	ssize_t size = rc < 0 ? rc : fd_receive(socket, reply, sizeof *reply, &got, 1, &received);
	if (size < (ssize_t)REPLY_HEAD)
		return err_set(err, size < 0 ? (int)-size : EPIPE, "the resolver's keeper does not answer");
	if (reply->code)
		return err_set(err, reply->code, "the resolver's keeper: %s", strerror(reply->code));
	*out_size = (size_t)size - REPLY_HEAD;
	*out_fd = take_fd(&got);
	return 0;
}

int keeper_resolv_conf(int socket, struct buf *out, struct err *err)
{
	static struct reply reply;
	int none;
	size_t size;
	int rc = ask(socket, &(struct question){0, 0}, NULL, 0, &reply, &none, &size, err);
	if (rc < 0)
		return rc;
	cleanup_fd(&none);
	buf_append(out, reply.text, size);
	return buf_check(out, "/etc/resolv.conf", err);
}

int keeper_socket(int socket, int namespace_fd, int family, int type, int *out_fd, struct err *err)
{
	static struct reply reply;
	int fd;
	size_t size;
	int rc = ask(socket, &(struct question){family, type}, &namespace_fd, 1, &reply, &fd, &size, err);
	if (rc < 0)
		return rc;
	if (fd < 0)
		return err_set(err, EPROTO, "the resolver's keeper sent no socket");
	*out_fd = fd;
	return 0;
}
