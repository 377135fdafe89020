/*
 * Ports as `-p`, `--expose` and the keys of a port map write them.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum port_protocol { PORT_TCP, PORT_UDP, PORT_SCTP };
const char *port_protocol_name(enum port_protocol protocol);

struct port {
	uint16_t number; /* 1 to 65535 */
	enum port_protocol protocol;
};

/* "80", "80/tcp", "53/UDP". -EINVAL. */
int port_parse(const char *text, struct port *out_port, struct err *err) must_check;

/* "8080" or "8080-8090": first and last, both 0 for "". "what" stands in front in errors. */
int port_range_parse(const char *text, const char *what, uint16_t *out_first, uint16_t *out_last,
		     struct err *err) must_check;

/* One published port. host_ip is "" for all addresses; host_port is "" for any free port, "8080", or a range to choose
 * from. */
struct port_publish {
	struct port container;
	char *host_ip;
	char *host_port;
};
struct port_publish_list {
	struct port_publish *items;
	size_t count;
};

/*
 * `[ip:][hostPort[-last]:]containerPort[-last][/protocol]`, IPv6 addresses in brackets: one item per container port, in
 * order. Host and container ranges are of one length, except that one container port may have a host range to choose
 * from. The items live in the arena; at most 65535.
 */
int port_publish_parse(struct arena *arena, const char *text, struct port_publish_list *out_list,
		       struct err *err) must_check;

/* "80", "8000-8010/udp": first, last and protocol of --expose. */
int port_expose_parse(const char *text, uint16_t *out_first, uint16_t *out_last, enum port_protocol *out_protocol,
		      struct err *err) must_check;
