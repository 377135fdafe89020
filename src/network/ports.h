/*
 * Host ports: which are ours, and whether anybody else has them. A port that is reserved is held by a socket, so that
 * no other program takes it while a container has it.
 */
#pragma once

#include "network/network.h"

struct port_table {
	struct port_entry {
		enum port_protocol protocol;
		uint32_t host; /* 0: any */
		uint16_t port;
	} * items;
	size_t count;
	uint16_t next; /* where the search for any free port goes on */
};
void port_table_done(struct port_table *table);

/*
 * Takes the first free port of the request. out_socket is the caller's, -1 where the protocol has none. -EADDRINUSE:
 * "Bind for 0.0.0.0:80 failed: port is already allocated", "failed to bind host port 0.0.0.0:80/tcp: address already in
 * use".
 */
int port_reserve(struct port_table *table, const struct network_publish *request, const char *default_ip,
		 struct network_binding *out_binding, int *out_socket, struct err *err) must_check;

/* Takes a port that a running container has; the socket is -1 when somebody else listens there meanwhile. */
int port_adopt(struct port_table *table, const struct network_binding *binding, int *out_socket,
	       struct err *err) must_check;

void port_release(struct port_table *table, const struct network_binding *binding);
