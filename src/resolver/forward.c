/*
 * A question on its way to others: one socket for each, from a port of the kernel's choice and with a number of chance;
 * the kernel hands us only what comes from the server that was asked. The servers are asked one after the other.
 */
#include "resolver/worker.h"

#include "base/random.h"
#include "base/time.h"
#include "resolver/keeper.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LENGTH = 2 };

struct ask {
	struct guest *guest;
	struct ask *next, **link;
	struct asker asker;
	struct upstream servers[UPSTREAMS_MAX];
	size_t server_count, at; /* at: which one is asked */
	int fd;
	struct loop_io io;
	struct loop_timer timer;
	struct buf in;	 /* of a connection: what has come of the reply */
	size_t sent;	 /* of a connection */
	uint16_t size;	 /* of the question */
	uint8_t bytes[]; /* two of length, then the question with our number */
};

/* --- the servers --- */

/* Where the host names none, Docker's. */
static void host_default(struct worker *worker)
{
	static const uint32_t addresses[] = {0x08080808, 0x08080404};
	for (size_t i = 0; i < array_size(addresses); i++) {
		struct sockaddr_in *four = &worker->host[i].address.four;
		*four = (struct sockaddr_in){
		    .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(addresses[i])};
		worker->host[i].size = sizeof *four;
	}
	worker->host_count = array_size(addresses);
}

/* The host's servers of this moment. What cannot be read leaves those of before. */
static void host_refresh(struct worker *worker)
{
	auto_buf text = BUF_INIT(KEEPER_TEXT_MAX);
	struct err ignored;
	int64_t now = time_monotonic_ns();
	if (worker->host_read_ns && now - worker->host_read_ns < HOST_FRESH_NS)
		return;
	worker->host_read_ns = now;
	if (keeper_resolv_conf(worker->keeper, &text, &ignored) < 0)
		return;
	worker->host_count = upstream_read(buf_str(&text), worker->host);
	if (worker->host_count == 0)
		host_default(worker);
}

static void servers_choose(struct ask *ask)
{
	const struct guest *guest = ask->guest;
	struct worker *worker = guest->worker;
	if (!guest->servers)
		host_refresh(worker);
	ask->server_count = guest->servers ? guest->server_count : worker->host_count;
	memcpy(ask->servers, guest->servers ? guest->servers : worker->host,
	       ask->server_count * sizeof ask->servers[0]);
}

/* Its own servers are asked from where the container is: they may be in a network that the host is not in. */
static int socket_open(const struct ask *ask, int family, int *out_fd, struct err *err)
{
	const struct guest *guest = ask->guest;
	int type = ask->asker.client ? SOCK_STREAM : SOCK_DGRAM;
	if (guest->servers)
		return keeper_socket(guest->worker->keeper, guest->space, family, type, out_fd, err);
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, "a socket for a question");
	*out_fd = fd;
	return 0;
}

/* --- the end --- */

static void connection_close(struct ask *ask)
{
	loop_io_remove(&ask->io);
	loop_timer_stop(&ask->timer);
	cleanup_fd(&ask->fd);
	ask->fd = -1;
	buf_reset(&ask->in);
	ask->sent = 0;
}

void forward_drop(struct ask *ask)
{
	connection_close(ask);
	*ask->link = ask->next;
	if (ask->next)
		ask->next->link = ask->link;
	ask->guest->ask_count--;
	ask->guest->worker->asks--;
	buf_done(&ask->in);
	free(ask);
}

void forward_forget(struct guest *guest, const struct client *client)
{
	struct ask *next;
	for (struct ask *ask = guest->asks; ask; ask = next) {
		next = ask->next;
		if (!client || ask->asker.client == client)
			forward_drop(ask);
	}
}

/* The asker's own number is put back. */
static void finish(struct ask *ask, uint8_t *reply, size_t size)
{
	struct guest *guest = ask->guest;
	const struct asker asker = ask->asker;
	packet_id_set(reply, asker.id);
	forward_drop(ask);
	guest_reply(guest, &asker, reply, size);
}

static void finish_failed(struct ask *ask)
{
	auto_buf out = BUF_INIT(PACKET_HEAD);
	packet_refuse(ask->bytes + LENGTH, ask->size, LDNS_RCODE_SERVFAIL, &out);
	finish(ask, (uint8_t *)out.data, out.len);
}

/* --- one server --- */

static void server_next(struct ask *ask);

static void timer_fired(struct loop_timer *timer)
{
	struct ask *ask = container_of(timer, struct ask, timer);
	connection_close(ask);
	ask->at++;
	server_next(ask);
}

static void server_failed(struct ask *ask)
{
	connection_close(ask);
	ask->at++;
	server_next(ask);
}

/* A server that refuses, or is broken, is not the last word while there is another one. */
static void reply_take(struct ask *ask, uint8_t *reply, size_t size)
{
	ldns_pkt_rcode code = packet_code(reply);
	bool refused = code == LDNS_RCODE_SERVFAIL || code == LDNS_RCODE_REFUSED || code == LDNS_RCODE_NOTIMPL;
	if (refused && ask->at + 1 < ask->server_count)
		server_failed(ask);
	else
		finish(ask, reply, size);
}

static void datagram_ready(struct loop_io *io, uint32_t events)
{
	static uint8_t bytes[PACKET_MAX];
	struct ask *ask = container_of(io, struct ask, io);
	(void)events;
	ssize_t size = recv(ask->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (size < 0 && errno != EAGAIN)
		server_failed(ask);
	else if (size > 0 && packet_answers(ask->bytes + LENGTH, ask->size, bytes, (size_t)size))
		reply_take(ask, bytes, (size_t)size);
}

static void stream_write(struct ask *ask)
{
	size_t whole = LENGTH + (size_t)ask->size;
	ssize_t size = send(ask->fd, ask->bytes + ask->sent, whole - ask->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (size < 0 && errno != EAGAIN) {
		server_failed(ask);
		return;
	}
	ask->sent += size > 0 ? (size_t)size : 0;
	if (ask->sent == whole)
		loop_io_modify(&ask->io, EPOLLIN);
}

static void stream_read(struct ask *ask)
{
	size_t known = ask->in.len >= LENGTH ? (size_t)(uint8_t)ask->in.data[0] << 8 | (uint8_t)ask->in.data[1] : 0;
	size_t wanted = LENGTH + known - ask->in.len;
	char *room = buf_room(&ask->in, wanted);
	ssize_t size = room ? recv(ask->fd, room, wanted, MSG_DONTWAIT) : 0;
	if (size < 0 && errno == EAGAIN)
		return;
	if (size <= 0) {
		server_failed(ask);
		return;
	}
	buf_grown(&ask->in, (size_t)size);
	if (ask->in.len < LENGTH)
		return;
	known = (size_t)(uint8_t)ask->in.data[0] << 8 | (uint8_t)ask->in.data[1];
	if (known < PACKET_HEAD) {
		server_failed(ask);
	} else if (ask->in.len == LENGTH + known) {
		auto_buf reply = ask->in; /* it outlives the question */
		ask->in = (struct buf)BUF_INIT(REPLY_MAX);
		uint8_t *bytes = (uint8_t *)reply.data + LENGTH;
		if (packet_answers(ask->bytes + LENGTH, ask->size, bytes, known))
			reply_take(ask, bytes, known);
		else
			server_failed(ask);
	}
}

static void stream_ready(struct loop_io *io, uint32_t events)
{
	struct ask *ask = container_of(io, struct ask, io);
	if (events & EPOLLOUT && ask->sent < LENGTH + (size_t)ask->size)
		stream_write(ask);
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		stream_read(ask);
}

static int server_ask(struct ask *ask, struct err *err)
{
	const struct upstream *server = &ask->servers[ask->at];
	struct loop *loop = ask->guest->worker->loop;
	bool stream = ask->asker.client;
	uint16_t id;
	random_bytes(&id, sizeof id);
	packet_id_set(ask->bytes + LENGTH, id);
	int rc = socket_open(ask, server->address.any.sa_family, &ask->fd, err);
	if (rc < 0)
		return rc;
	if (connect(ask->fd, &server->address.any, server->size) < 0 && errno != EINPROGRESS)
		return err_sys(err, "reach a name server");
	if (!stream && send(ask->fd, ask->bytes + LENGTH, ask->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return err_sys(err, "ask a name server");
	rc = loop_io_add(loop, &ask->io, ask->fd, stream ? EPOLLOUT : EPOLLIN, stream ? stream_ready : datagram_ready,
			 err);
	int64_t time = ASK_TIME_NS / (int64_t)ask->server_count;
	loop_timer_start(loop, &ask->timer, time > ASK_SERVER_MIN_NS ? time : ASK_SERVER_MIN_NS, timer_fired);
	return rc;
}

static void server_next(struct ask *ask)
{
	struct err ignored;
	while (ask->at < ask->server_count) {
		if (server_ask(ask, &ignored) == 0)
			return;
		connection_close(ask);
		ask->at++;
	}
	finish_failed(ask);
}

void forward_start(struct guest *guest, const struct asker *asker, const uint8_t *bytes, size_t size)
{
	struct ask *ask = x_alloc(sizeof *ask + LENGTH + size);
	ask->guest = guest;
	ask->asker = *asker;
	ask->fd = -1;
	ask->in = (struct buf)BUF_INIT(REPLY_MAX);
	ask->size = (uint16_t)size;
	ask->bytes[0] = (uint8_t)(size >> 8);
	ask->bytes[1] = (uint8_t)size;
	memcpy(ask->bytes + LENGTH, bytes, size);
	ask->link = &guest->asks;
	ask->next = guest->asks;
	if (ask->next)
		ask->next->link = &ask->next;
	guest->asks = ask;
	guest->ask_count++;
	guest->worker->asks++;
	servers_choose(ask);
	server_next(ask);
}
