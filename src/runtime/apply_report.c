#include "runtime/apply_report.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int apply_socket_pair(int out_pair[2], struct err *err)
{
	int pair[2], on = 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	/* The number of a process below other namespaces comes with its messages. */
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0) {
		err_sys(err, "SO_PASSCRED");
		close(pair[0]);
		close(pair[1]);
		return -err->code;
	}
	out_pair[0] = pair[0];
	out_pair[1] = pair[1];
	return 0;
}

int apply_message_read(int socket, struct apply_message *out_message, struct err *err)
{
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	struct iovec part = {&out_message->report, sizeof out_message->report};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t size;
	out_message->fd = -1;
	out_message->pid = 0;
	do
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return err_sys(err, "the new process");
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); size > 0 && head; head = CMSG_NXTHDR(&message, head)) {
		if (head->cmsg_type == SCM_CREDENTIALS)
			out_message->pid = ((const struct ucred *)(const void *)CMSG_DATA(head))->pid;
		else if (head->cmsg_type == SCM_RIGHTS)
			memcpy(&out_message->fd, CMSG_DATA(head), sizeof out_message->fd);
	}
	if (size == 0)
		return err_set(err, ENODATA, "the new process ended without a word");
	if (size != (ssize_t)sizeof out_message->report)
		return err_set(err, EPROTO, "the new process sent half a report");
	out_message->report.err.msg[sizeof out_message->report.err.msg - 1] = 0;
	return 0;
}

int apply_answer_send(int socket, const char *state, struct err *err)
{
	char go = APPLY_GO;
	size_t size = strlen(state);
	struct iovec parts[2] = {{&go, 1}, {(char *)state, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};
	ssize_t sent;
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? err_set(err, EIO, "the new process is gone") : 0;
}
