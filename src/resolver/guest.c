/* A container whose questions are answered. */
#include "resolver/worker.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DATAGRAMS_MAX = 32 }; /* in one go: then it is the next one's turn */

struct guest *guest_find(const struct worker *worker, const char *id)
{
	return map_get(&worker->guests, id);
}

/* --- questions --- */

static void refuse(struct guest *guest, const struct asker *asker, const uint8_t *bytes, size_t size,
		   ldns_pkt_rcode code)
{
	auto_buf out = BUF_INIT(PACKET_HEAD);
	packet_refuse(bytes, size, code, &out);
	guest_reply(guest, asker, out.data, out.len);
}

static bool may_ask_others(const struct guest *guest)
{
	return guest->ask_count < GUEST_ASKS_MAX && guest->worker->asks < ASKS_MAX;
}

void guest_ask(struct guest *guest, const struct asker *asker, uint8_t *bytes, size_t size)
{
	auto_query query = {0};
	auto_buf out = BUF_INIT(PACKET_MAX);
	int rc = packet_read(bytes, size, &query);
	if (rc == -EBADMSG) {
		if (asker->client)
			client_drop(asker->client);
		return;
	}
	if (rc < 0) {
		refuse(guest, asker, bytes, size, rc == -ENOTSUP ? LDNS_RCODE_NOTIMPL : LDNS_RCODE_FORMERR);
		return;
	}
	rc = answer_make(guest->entry, guest->forwards, &query, asker->client ? PACKET_MAX : query.limit, &out);
	if (rc < 0)
		refuse(guest, asker, bytes, size, LDNS_RCODE_SERVFAIL);
	else if (rc > 0)
		guest_reply(guest, asker, out.data, out.len);
	else if (may_ask_others(guest))
		forward_start(guest, asker, bytes, size);
	else
		refuse(guest, asker, bytes, size, LDNS_RCODE_REFUSED);
}

void guest_reply(struct guest *guest, const struct asker *asker, const void *bytes, size_t size)
{
	if (asker->client)
		client_reply(asker->client, bytes, size);
	else if (size) /* who asks again gets it again: nothing is kept for a full socket */
		(void)!sendto(guest->udp, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL,
			      (const struct sockaddr *)&asker->from, sizeof asker->from);
}

static void udp_ready(struct loop_io *io, uint32_t events)
{
	static uint8_t bytes[PACKET_QUERY_MAX + 1]; /* what is longer is refused */
	struct guest *guest = container_of(io, struct guest, udp_io);
	(void)events;
	/* What the engine has acknowledged to anybody is known here first. */
	link_drain(guest->worker);
	for (int i = 0; i < DATAGRAMS_MAX && guest->udp >= 0; i++) {
		struct asker asker = {.client = NULL};
		socklen_t length = sizeof asker.from;
		ssize_t size =
		    recvfrom(guest->udp, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&asker.from, &length);
		if (size < 0)
			return;
		if (size < PACKET_HEAD || length != sizeof asker.from)
			continue;
		asker.id = packet_id(bytes);
		guest_ask(guest, &asker, bytes, (size_t)size);
	}
}

static void tcp_ready(struct loop_io *io, uint32_t events)
{
	struct guest *guest = container_of(io, struct guest, tcp_io);
	(void)events;
	client_accept(guest);
}

/* --- coming and going --- */

static void process_ready(struct loop_io *io, uint32_t events)
{
	struct guest *guest = container_of(io, struct guest, process_io);
	struct worker *worker = guest->worker;
	(void)events;
	guest_drop(guest);
	worker_settle(worker);
}

void guest_watch(struct guest *guest, int process)
{
	struct err ignored;
	loop_io_remove(&guest->process_io);
	cleanup_fd(&guest->process);
	guest->process = process;
	/* Without it the engine's word is waited for. */
	(void)!loop_io_add(guest->worker->loop, &guest->process_io, process, EPOLLIN, process_ready, &ignored);
}

static void sockets_close(struct guest *guest)
{
	loop_io_remove(&guest->udp_io);
	loop_io_remove(&guest->tcp_io);
	cleanup_fd(&guest->udp);
	cleanup_fd(&guest->tcp);
	cleanup_fd(&guest->space);
	guest->udp = guest->tcp = guest->space = -1;
}

static void sockets_take(struct guest *guest, int sockets[3])
{
	struct err ignored;
	while (guest->clients)
		client_drop(guest->clients);
	forward_forget(guest, NULL);
	sockets_close(guest);
	guest->udp = take_fd(&sockets[0]);
	guest->tcp = take_fd(&sockets[1]);
	guest->space = take_fd(&sockets[2]);
	if (loop_io_add(guest->worker->loop, &guest->udp_io, guest->udp, EPOLLIN, udp_ready, &ignored) < 0 ||
	    loop_io_add(guest->worker->loop, &guest->tcp_io, guest->tcp, EPOLLIN, tcp_ready, &ignored) < 0)
		sockets_close(guest); /* no sockets of ours: the engine is told that it lacks them */
}

static struct guest *guest_new(struct worker *worker, const char *id)
{
	struct guest *guest = x_alloc(sizeof *guest);
	guest->worker = worker;
	guest->id = x_strdup(id);
	guest->udp = guest->tcp = guest->space = guest->process = -1;
	map_put(&worker->guests, id, guest);
	return guest;
}

/* An own server at this address would be this resolver again. */
static bool is_own(const struct upstream *upstream)
{
	return upstream->address.any.sa_family == AF_INET &&
	       upstream->address.four.sin_addr.s_addr == htonl(0x7f00000b);
}

static void servers_take(struct guest *guest, char *const *servers)
{
	size_t count = 0;
	struct err ignored;
	free(guest->servers);
	guest->servers = servers && servers[0] ? x_alloc(UPSTREAMS_MAX * sizeof *guest->servers) : NULL;
	for (; servers && *servers && count < UPSTREAMS_MAX; servers++) {
		if (upstream_parse(*servers, &guest->servers[count], &ignored) == 0 && !is_own(&guest->servers[count]))
			count++;
	}
	guest->server_count = count;
}

void guest_put(struct worker *worker, const struct resolver_entry *entry, int sockets[3])
{
	struct guest *guest = guest_find(worker, entry->id);
	if (!guest)
		guest = guest_new(worker, entry->id);
	guest->entry = table_put(&worker->table, entry);
	guest->forwards = entry->forwards;
	guest->told = true;
	servers_take(guest, entry->servers);
	if (sockets)
		sockets_take(guest, sockets);
}

void guests_bury(struct worker *worker)
{
	while (worker->dropped) {
		struct guest *guest = worker->dropped;
		worker->dropped = guest->next;
		free(guest->servers);
		free(guest->id);
		free(guest);
	}
}

/* Its memory stays for this turn: whoever called may be one of its callbacks. */
void guest_drop(struct guest *guest)
{
	struct worker *worker = guest->worker;
	while (guest->clients)
		client_drop(guest->clients);
	forward_forget(guest, NULL);
	sockets_close(guest);
	loop_io_remove(&guest->process_io);
	cleanup_fd(&guest->process);
	guest->process = -1;
	map_remove(&worker->guests, guest->id);
	table_drop(&worker->table, guest->id);
	guest->entry = NULL;
	guest->next = worker->dropped;
	worker->dropped = guest;
	worker_bury(worker);
}
