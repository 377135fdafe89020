/* A connection from inside a container: questions with two bytes of length before each, one at a time. */
#include "resolver/worker.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { LENGTH = 2, IN_MAX = LENGTH + PACKET_QUERY_MAX };

struct client {
	struct guest *guest;
	struct client *next;
	int fd;
	struct loop_io io;
	struct loop_timer idle;
	struct buf in, out;
	bool asking;   /* a question is being answered */
	bool stepping; /* ... by client_step, which goes on by itself */
	bool ended;    /* nothing more will come from it */
	bool dropped;
};

/* Its memory stays for this turn: whoever called may be one of its callbacks. */
void client_drop(struct client *client)
{
	struct guest *guest = client->guest;
	struct client **at = &guest->clients;
	if (client->dropped)
		return;
	client->dropped = true;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	guest->client_count--;
	guest->worker->clients--;
	forward_forget(guest, client);
	loop_io_remove(&client->io);
	loop_timer_stop(&client->idle);
	close(client->fd);
	client->next = guest->worker->dropped_clients;
	guest->worker->dropped_clients = client;
	worker_bury(guest->worker);
}

void clients_bury(struct worker *worker)
{
	while (worker->dropped_clients) {
		struct client *client = worker->dropped_clients;
		worker->dropped_clients = client->next;
		buf_done(&client->in);
		buf_done(&client->out);
		free(client);
	}
}

static void idle_fired(struct loop_timer *timer)
{
	client_drop(container_of(timer, struct client, idle));
}

/* The question in front, when there is all of it. False: there is none. */
static bool client_ask(struct client *client)
{
	if (client->in.len < LENGTH)
		return false;
	size_t size = (size_t)(uint8_t)client->in.data[0] << 8 | (uint8_t)client->in.data[1];
	if (size < PACKET_HEAD || size > PACKET_QUERY_MAX) {
		client_drop(client);
		return false;
	}
	if (client->in.len < LENGTH + size)
		return false;
	uint8_t *bytes = (uint8_t *)client->in.data + LENGTH;
	const struct asker asker = {.client = client, .id = packet_id(bytes)};
	client->asking = true;
	guest_ask(client->guest, &asker, bytes, size);
	buf_consume(&client->in, LENGTH + size);
	return true;
}

static void client_write(struct client *client)
{
	while (client->out.len) {
		ssize_t size = send(client->fd, client->out.data, client->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size < 0 && errno != EAGAIN)
			client_drop(client);
		if (size < 0)
			return;
		buf_consume(&client->out, (size_t)size);
	}
}

/* As far as it goes now, and what is waited for then. Nothing is read from who does not read its answers. */
static void client_step(struct client *client)
{
	if (client->stepping)
		return;
	client->stepping = true;
	do
		client_write(client);
	while (!client->dropped && !client->asking && client->out.len == 0 && client_ask(client));
	client->stepping = false;
	if (client->dropped)
		return;
	if (client->ended && !client->asking && client->out.len == 0)
		client_drop(client);
	else
		loop_io_modify(&client->io, client->out.len				? EPOLLOUT
					    : client->ended || client->in.len >= IN_MAX ? 0
											: EPOLLIN);
}

static void client_read(struct client *client)
{
	size_t size = IN_MAX - client->in.len;
	char *room = buf_room(&client->in, size);
	ssize_t count = size && room ? recv(client->fd, room, size, MSG_DONTWAIT) : 0;
	if (count < 0 && errno != EAGAIN)
		client_drop(client);
	else if (count > 0)
		buf_grown(&client->in, (size_t)count);
	else if (count == 0 && size)
		client->ended = true;
}

static void client_ready(struct loop_io *io, uint32_t events)
{
	struct client *client = container_of(io, struct client, io);
	link_drain(client->guest->worker);
	if (!client->dropped && events & (EPOLLERR | EPOLLHUP))
		client_drop(client);
	if (!client->dropped && events & EPOLLIN)
		client_read(client);
	if (!client->dropped)
		client_step(client);
}

void client_reply(struct client *client, const void *bytes, size_t size)
{
	const uint8_t length[LENGTH] = {(uint8_t)(size >> 8), (uint8_t)size};
	client->asking = false;
	buf_append(&client->out, length, sizeof length);
	buf_append(&client->out, bytes, size);
	loop_timer_start(client->guest->worker->loop, &client->idle, CLIENT_TIME_NS, idle_fired);
	client_step(client);
}

void client_accept(struct guest *guest)
{
	struct worker *worker = guest->worker;
	struct err ignored;
	/* cppcheck-suppress nullPointer; accept(2) takes it */
	auto_fd int fd = accept4(guest->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 || guest->client_count >= GUEST_CLIENTS_MAX || worker->clients >= CLIENTS_MAX)
		return;
	struct client *client = x_alloc(sizeof *client);
	client->guest = guest;
	client->in = (struct buf)BUF_INIT(IN_MAX);
	client->out = (struct buf)BUF_INIT(REPLY_MAX);
	if (loop_io_add(worker->loop, &client->io, fd, EPOLLIN, client_ready, &ignored) < 0) {
		free(client);
		return;
	}
	client->fd = take_fd(&fd);
	client->next = guest->clients;
	guest->clients = client;
	guest->client_count++;
	worker->clients++;
	loop_timer_start(worker->loop, &client->idle, CLIENT_TIME_NS, idle_fired);
}
