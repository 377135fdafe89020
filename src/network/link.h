/*
 * Network devices and addresses by rtnetlink: what a bridge network needs of it.
 */
#pragma once

#include "network/netlink.h"
#include "network/subnet.h"

#include <net/if.h>

enum { MAC_SIZE = 6 };

struct link_info {
	uint32_t index; /* 0: not there */
	bool bridge, up;
};
/* By name; a device that is not there is index 0, not an error. */
int link_find(struct netlink *netlink, const char *name, struct link_info *out_link, struct err *err) must_check;

/* A bridge that is up. */
int link_make_bridge(struct netlink *netlink, const char *name, const uint8_t mac[MAC_SIZE], uint32_t mtu,
		     struct err *err) must_check;
int link_set_up(struct netlink *netlink, uint32_t index, struct err *err) must_check;
int link_delete(struct netlink *netlink, uint32_t index, struct err *err) must_check;

/* Deletes the devices that are ports of a bridge. */
int link_delete_ports(struct netlink *netlink, uint32_t bridge, struct err *err) must_check;

struct link_pair {
	const char *name; /* of the end that becomes a port of the bridge */
	uint32_t bridge;
	uint32_t mtu;
	int namespace_fd;   /* where the other end, eth0, goes */
	const uint8_t *mac; /* of eth0 */
};
/* One message: both ends, the port up and on the bridge. -EEXIST: the name is taken. */
int link_make_pair(struct netlink *netlink, const struct link_pair *pair, struct err *err) must_check;

/*
 * Settings of a port. The bridge knows now behind which port the address is: an older port may have had it a moment
 * ago. And a frame may go back through the port that it came from: where bridge-nf-call-iptables is on, a container
 * reaches itself through a published port that way.
 */
int link_set_port(struct netlink *netlink, uint32_t port, const uint8_t mac[MAC_SIZE], struct err *err) must_check;

/* The first IPv4 address of a device; prefix 0 and address 0 when it has none. */
int link_address(struct netlink *netlink, uint32_t index, struct subnet *out_address, struct err *err) must_check;
int link_add_address(struct netlink *netlink, uint32_t index, const struct subnet *address, struct err *err) must_check;

/* Inside a new namespace, in one message each for lo and eth0: up, address, default route. address NULL: only lo. */
int link_set_up_inside(struct netlink *inside, const struct subnet *address, uint32_t gateway,
		       struct err *err) must_check;

/* Calls each with the networks that the host has routes to (the default route is none), main and local tables. */
int link_routes(struct netlink *netlink, int (*each)(void *cookie, const struct subnet *route), void *cookie,
		struct err *err) must_check;
