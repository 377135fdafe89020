#include "monitor/attached.h"

#include "monitor/protocol.h"
#include "monitor/session.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ_SIZE = 16 << 10, FRAME_HEAD = 8 };

static void client_ready(struct loop_io *io, uint32_t events);

/* --- life --- */

int attached_new(struct session *session, struct loop *loop, int fd, uint32_t flags, const struct key_sequence *keys,
		 struct err *err)
{
	struct attached *client = x_alloc(sizeof *client);
	*client = (struct attached){.session = session,
				    .fd = fd,
				    .flags = flags,
				    .keys = *keys,
				    .queue = BUF_INIT(ATTACHED_QUEUE_MAX),
				    .next = session->clients};
	int rc = loop_io_add(loop, &client->io, fd, EPOLLIN, client_ready, err);
	if (rc < 0) {
		close(fd);
		free(client);
		return rc;
	}
	session->clients = client;
	return 0;
}

void attached_free(struct attached *client)
{
	struct session *session = client->session;
	struct attached **link = &session->clients;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	loop_io_remove(&client->io);
	close(client->fd);
	buf_done(&client->queue);
	free(client);
	session_client_gone(session);
}

/* --- what is watched --- */

static void client_watch(struct attached *client)
{
	struct err err;
	uint32_t events = (client->queue.len > 0 ? EPOLLOUT : 0) |
			  (!client->input_over && !session_input_full(client->session) ? EPOLLIN : 0);
	if (client->io.loop)
		loop_io_modify(&client->io, events);
	else if (loop_io_add(client->session->loop, &client->io, client->fd, events, client_ready, &err) < 0)
		BUG("%s", err.msg); /* it was in the loop before */
}

void attached_input_resume(struct attached *client)
{
	client_watch(client);
}

/* --- out --- */

/* The count that went out at once, -errno where the client is gone. */
static ssize_t send_now(struct attached *client, const struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
	ssize_t size;
	do
		size = sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
	return size;
}

void attached_write(struct attached *client, uint8_t stream, const char *data, size_t size)
{
	uint8_t head[FRAME_HEAD] = {stream};
	struct iovec parts[2] = {{head, sizeof head}, {(void *)data, size}};
	bool framed = client->session->framed;
	size_t first = framed ? 0 : 1;
	if (!(client->flags & (stream == 2 ? MONITOR_ERR : MONITOR_OUT)) || client->ending)
		return;
	for (int i = 0; i < 4; i++)
		head[4 + i] = (uint8_t)(size >> (24 - 8 * i));
	size_t sent = 0;
	if (client->queue.len == 0) {
		ssize_t count = send_now(client, parts + first, 2 - first);
		if (count < 0) {
			attached_free(client);
			return;
		}
		sent = (size_t)count;
	}
	for (size_t i = first; i < 2; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
		buf_append(&client->queue, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
		sent -= skip;
	}
	if (client->queue.overflow)
		attached_free(client); /* it reads nothing, and what it would have got is in the log */
	else
		client_watch(client);
}

static bool queue_send(struct attached *client)
{
	const struct iovec part = {client->queue.data, client->queue.len};
	ssize_t size = send_now(client, &part, 1);
	if (size < 0) {
		attached_free(client);
		return false;
	}
	buf_consume(&client->queue, (size_t)size);
	if (client->queue.len > 0)
		return true;
	if (client->ending) {
		attached_free(client);
		return false;
	}
	session_output_resume(client->session);
	return true;
}

void attached_end(struct attached *client)
{
	client->ending = true;
	if (client->queue.len == 0)
		attached_free(client);
}

/* --- in --- */

/* False when the client is gone. */
static bool input_read(struct attached *client)
{
	char data[READ_SIZE], keys[READ_SIZE + KEY_SEQUENCE_MAX];
	struct session *session = client->session;
	ssize_t size = recv(client->fd, data, sizeof data, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (size <= 0) {
		client->input_over = true;
		if (client->flags & MONITOR_IN)
			session_input_over(session);
		/* A terminal's client has no half: Docker's clients close the whole connection. */
		if (size < 0 || session->tty || !(client->flags & (MONITOR_OUT | MONITOR_ERR))) {
			attached_free(client);
			return false;
		}
		return true;
	}
	if (!(client->flags & MONITOR_IN))
		return true;
	if (!session->tty) {
		session_input(session, data, (size_t)size);
		return true;
	}
	size_t count;
	bool detach = key_sequence_filter(&client->keys, data, (size_t)size, keys, &count);
	session_input(session, keys, count);
	if (detach)
		attached_free(client);
	return !detach;
}

static void client_ready(struct loop_io *io, uint32_t events)
{
	struct attached *client = container_of(io, struct attached, io);
	if (events & EPOLLOUT && client->queue.len > 0 && !queue_send(client))
		return;
	if (events & EPOLLIN && !client->input_over) {
		if (!input_read(client))
			return;
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		if (client->input_over) {
			attached_free(client);
			return;
		}
		/* Gone, but what it sent is not all read: it is looked at again when the process takes input. */
		loop_io_remove(&client->io);
		return;
	}
	client_watch(client);
}
