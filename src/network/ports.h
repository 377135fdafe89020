/*
 * Host ports: which are ours, and whether anybody else has them. A port that is reserved is held by a socket, so that
 * no other program takes it while a container has it.
 */
#pragma once

#include "docker/port_spec.h"
#include "network/address.h"

struct port_table {
	struct port_entry {
		enum port_protocol protocol;
		struct address host; /* 0: any of its family */
		uint16_t port;
	} * items;
	size_t count;
	uint16_t next; /* where the search for any free port goes on */
};
void port_table_done(struct port_table *table);

enum { PORT_HOSTS_MAX = 2 };

/* One port on one or two addresses of the host (both families): the same number on all of them. */
struct port_wish {
	enum port_protocol protocol;
	struct address hosts[PORT_HOSTS_MAX];
	size_t host_count;
	uint16_t first, last; /* to choose from; 0 and 0: any free one */
};

/*
 * Takes the first port of the wish that is free everywhere. out_sockets (host_count of them) are the caller's, -1 where
 * the protocol has none. -EADDRINUSE: "Bind for 0.0.0.0:80 failed: port is already allocated", "failed to bind host
 * port 0.0.0.0:80/tcp: address already in use".
 */
int port_reserve(struct port_table *table, const struct port_wish *wish, uint16_t *out_port, int *out_sockets,
		 struct err *err) must_check;

/* Takes a port that a running container has; the socket is -1 when somebody else listens there meanwhile. */
int port_adopt(struct port_table *table, const struct port_entry *entry, int *out_socket, struct err *err) must_check;

void port_release(struct port_table *table, const struct port_entry *entry);
