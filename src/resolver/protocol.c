#include "resolver/protocol.h"

#include "base/fd.h"

#include <stdlib.h>
#include <string.h>

JSON_TYPE(resolver_place, F_STR(struct resolver_place, network, "network", JSON_REQUIRED),
	  F_STR(struct resolver_place, network_name, "name", JSON_REQUIRED),
	  F_STR(struct resolver_place, four, "four", JSON_OMIT), F_STR(struct resolver_place, six, "six", JSON_OMIT),
	  F_STRV(struct resolver_place, names, "names", 0), F_STRV(struct resolver_place, links, "links", JSON_OMIT));

JSON_TYPE(resolver_entry, F_STR(struct resolver_entry, id, "id", JSON_REQUIRED),
	  F_BOOL(struct resolver_entry, forwards, "forwards", 0),
	  F_STRV(struct resolver_entry, servers, "servers", JSON_OMIT),
	  F_LIST(struct resolver_entry, places, "places", 0, resolver_place));

struct head {
	uint32_t version, type;
};

void resolver_packet_done(struct resolver_packet *packet)
{
	cleanup_fds(packet->fds, packet->fd_count);
	packet->fd_count = 0;
	free(packet->tail);
	packet->tail = NULL;
}

int resolver_send(int socket, enum resolver_type type, const void *tail, size_t size, const int *fds, size_t fd_count)
{
	const struct head head = {RESOLVER_VERSION, type};
	if (size > RESOLVER_TAIL_MAX)
		return -E2BIG;
	auto_free char *bytes = x_alloc(sizeof head + size + 1);
	memcpy(bytes, &head, sizeof head);
	if (size)
		memcpy(bytes + sizeof head, tail, size);
	return fd_send(socket, bytes, sizeof head + size, fds, fd_count);
}

int resolver_receive(int socket, struct resolver_packet *out_packet)
{
	struct resolver_packet packet = {.fd_count = 0};
	struct head head = {0, 0};
	auto_free char *bytes = x_alloc(sizeof head + RESOLVER_TAIL_MAX + 1);
	ssize_t count =
	    fd_receive(socket, bytes, sizeof head + RESOLVER_TAIL_MAX, packet.fds, RESOLVER_FDS_MAX, &packet.fd_count);
	if (count <= 0)
		return (int)count;
	if ((size_t)count >= sizeof head)
		memcpy(&head, bytes, sizeof head);
	if ((size_t)count < sizeof head || head.version != RESOLVER_VERSION || head.type == 0 ||
	    head.type >= RESOLVER_TYPE_END) {
		cleanup_fds(packet.fds, packet.fd_count);
		return -EPROTO;
	}
	packet.type = head.type;
	packet.size = (size_t)count - sizeof head;
	packet.tail = x_strndup(bytes + sizeof head, packet.size);
	*out_packet = packet;
	return 1;
}
