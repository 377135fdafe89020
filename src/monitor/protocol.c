#include "monitor/protocol.h"
#include "base/fd.h"

#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct monitor_message) == 24 + 4 + 1 + MONITOR_KEYS_MAX + 3 + 8 + 8 + 65 + 7,
	       "the message has no padding");

/* How many descriptors belong to each type. */
static const struct {
	uint8_t min, max;
} fd_counts[MONITOR_TYPE_END] = {
    [MONITOR_START] = {1, MONITOR_FDS_MAX},
    [MONITOR_ATTACH] = {1, 1},
    [MONITOR_EXEC] = {1, 2},
};

int monitor_check(const void *data, size_t size, size_t fd_count)
{
	struct monitor_message head;
	if (size < sizeof head)
		return -EPROTO;
	memcpy(&head, data, sizeof head);
	if (head.version != MONITOR_VERSION || head.type == 0 || head.type >= MONITOR_TYPE_END ||
	    (head.flags & ~(uint32_t)MONITOR_FLAGS_ALL) || head.key_count > MONITOR_KEYS_MAX ||
	    head.tail_size > MONITOR_TAIL_MAX || size != sizeof head + head.tail_size ||
	    head.id[sizeof head.id - 1] != 0)
		return -EPROTO;
	if (fd_count < fd_counts[head.type].min || fd_count > fd_counts[head.type].max)
		return -EPROTO;
	if ((head.type == MONITOR_FAILED || head.type == MONITOR_EXEC_FAILED) && head.tail_size != sizeof(struct err))
		return -EPROTO;
	return 0;
}

int monitor_send(int socket, struct monitor_message *head, const void *tail, size_t tail_size, const int *fds,
		 size_t fd_count)
{
	if (tail_size > MONITOR_TAIL_MAX)
		return -E2BIG;
	head->version = MONITOR_VERSION;
	head->tail_size = (uint32_t)tail_size;
	if (tail_size == 0)
		return fd_send(socket, head, sizeof *head, fds, fd_count);
	auto_free char *packet = x_alloc(sizeof *head + tail_size);
	memcpy(packet, head, sizeof *head);
	memcpy(packet + sizeof *head, tail, tail_size);
	return fd_send(socket, packet, sizeof *head + tail_size, fds, fd_count);
}

void monitor_packet_done(struct monitor_packet *packet)
{
	cleanup_fds(packet->fds, packet->fd_count);
	free(packet->tail);
	packet->tail = NULL;
	packet->fd_count = 0;
}

int monitor_receive(int socket, struct monitor_packet *out_packet)
{
	struct monitor_packet packet = {0};
	size_t room = sizeof packet.head + MONITOR_TAIL_MAX;
	auto_free char *data = x_alloc(room);
	ssize_t size = fd_receive(socket, data, room, packet.fds, MONITOR_FDS_MAX, &packet.fd_count);
	if (size <= 0)
		return (int)size;
	if (monitor_check(data, (size_t)size, packet.fd_count) < 0) {
		monitor_packet_done(&packet);
		return -EPROTO;
	}
	memcpy(&packet.head, data, sizeof packet.head);
	if (packet.head.tail_size) {
		packet.tail = x_alloc(packet.head.tail_size + 1);
		memcpy(packet.tail, data + sizeof packet.head, packet.head.tail_size);
	}
	if (packet.head.type == MONITOR_FAILED || packet.head.type == MONITOR_EXEC_FAILED)
		((struct err *)(void *)packet.tail)->msg[sizeof((struct err *)0)->msg - 1] = 0;
	*out_packet = packet;
	return 1;
}
