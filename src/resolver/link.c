/* The engine's connection. */
#include "resolver/worker.h"

#include "base/text.h"

#include <sys/socket.h>

static void put(struct worker *worker, struct resolver_packet *packet)
{
	auto_arena arena = {0};
	struct resolver_entry entry = {0};
	struct err ignored;
	bool sockets = packet->fd_count == 3;
	if (json_load(&arena, &table_resolver_entry, packet->tail, packet->size, "an entry", 0, &entry, &ignored) < 0)
		return;
	guest_put(worker, &entry, sockets ? packet->fds : NULL);
	if (guest_find(worker, entry.id)->udp < 0)
		(void)!resolver_send(worker->engine, RESOLVER_LACKS, entry.id, strlen(entry.id), NULL, 0);
}

static void synced(struct worker *worker)
{
	size_t position = 0;
	const char *id;
	void *value;
	/* One at a time: the map changes. */
	while (map_next(&worker->guests, &position, &id, &value)) {
		struct guest *guest = value;
		if (guest->told)
			continue;
		guest_drop(guest);
		position = 0;
	}
}

static void sync_begin(struct worker *worker)
{
	size_t position = 0;
	const char *id;
	void *value;
	while (map_next(&worker->guests, &position, &id, &value))
		((struct guest *)value)->told = false;
}

static void packet_do(struct worker *worker, struct resolver_packet *packet)
{
	struct guest *guest = guest_find(worker, packet->tail);
	switch (packet->type) {
	case RESOLVER_PUT:
		put(worker, packet);
		break;
	case RESOLVER_DROP:
		if (guest)
			guest_drop(guest);
		break;
	case RESOLVER_WATCH:
		if (guest && packet->fd_count == 1)
			guest_watch(guest, take_fd(&packet->fds[0]));
		break;
	case RESOLVER_SYNC:
		sync_begin(worker);
		break;
	case RESOLVER_SYNCED:
		synced(worker);
		break;
	case RESOLVER_LACKS:
	case RESOLVER_TYPE_END:
	default:
		break;
	}
}

void link_drain(struct worker *worker)
{
	while (worker->engine >= 0) {
		struct resolver_packet packet;
		int rc = resolver_receive(worker->engine, &packet);
		if (rc == -EAGAIN)
			return;
		if (rc <= 0) {
			link_close(worker);
			return;
		}
		packet_do(worker, &packet);
		resolver_packet_done(&packet);
	}
}

static void engine_ready(struct loop_io *io, uint32_t events)
{
	struct worker *worker = container_of(io, struct worker, engine_io);
	(void)events;
	link_drain(worker);
	worker_settle(worker);
}

int link_open(struct worker *worker, struct err *err)
{
	loop_timer_stop(&worker->orphans);
	return loop_io_add(worker->loop, &worker->engine_io, worker->engine, EPOLLIN, engine_ready, err);
}

/* Where no engine comes soon, what nobody was named for goes. */
static void orphans_fired(struct loop_timer *timer)
{
	struct worker *worker = container_of(timer, struct worker, orphans);
	size_t position = 0;
	const char *id;
	void *value;
	while (map_next(&worker->guests, &position, &id, &value)) {
		struct guest *guest = value;
		if (guest->process >= 0)
			continue;
		guest_drop(guest);
		position = 0;
	}
	worker_settle(worker);
}

void link_close(struct worker *worker)
{
	if (worker->engine < 0)
		return;
	loop_io_remove(&worker->engine_io);
	close(worker->engine);
	worker->engine = -1;
	loop_timer_start(worker->loop, &worker->orphans, ORPHAN_TIME_NS, orphans_fired);
}
