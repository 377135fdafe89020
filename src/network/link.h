/*
 * Network devices by rtnetlink: bridges, pairs, and what macvlan and ipvlan need. Addresses and routes are in
 * link_address.h.
 */
#pragma once

#include "network/netlink.h"

#include <net/if.h>

enum { MAC_SIZE = 6, LINK_MARK_MAX = 64 };

struct link_info {
	uint32_t index; /* 0: not there */
	uint32_t mtu;
	bool bridge, up;
	char mark[LINK_MARK_MAX]; /* "": none */
};
/* By name; a device that is not there is index 0, not an error. */
int link_find(struct netlink *netlink, const char *name, struct link_info *out_link, struct err *err) must_check;

/* A bridge that is up. mark (an alias of the device) says whose it is. */
int link_make_bridge(struct netlink *netlink, const char *name, const uint8_t mac[MAC_SIZE], uint32_t mtu,
		     const char *mark, struct err *err) must_check;
int link_make_dummy(struct netlink *netlink, const char *name, const char *mark, struct err *err) must_check;
int link_make_vlan(struct netlink *netlink, const char *name, uint32_t parent, uint16_t vlan, const char *mark,
		   struct err *err) must_check;
int link_set_up(struct netlink *netlink, uint32_t index, struct err *err) must_check;
int link_delete(struct netlink *netlink, uint32_t index, struct err *err) must_check; /* gone already: fine */

/* Deletes the devices that are ports of a bridge, and all that carry the mark but those of these names (NULL: none). */
int link_delete_ports(struct netlink *netlink, uint32_t bridge, struct err *err) must_check;
int link_delete_marked(struct netlink *netlink, const char *mark, const char *const *kept, struct err *err) must_check;

struct link_pair {
	const char *name; /* of the end that becomes a port of the bridge */
	uint32_t bridge;
	uint32_t mtu;
	int namespace_fd;   /* where the other end goes */
	const char *inside; /* its name there: "eth0" */
	const uint8_t *mac; /* of it */
};
/* One message: both ends, the port up and on the bridge. -EEXIST: the name is taken. */
int link_make_pair(struct netlink *netlink, const struct link_pair *pair, struct err *err) must_check;

/* A device that shares its parent's wire, made inside a namespace. */
struct link_child {
	const char *kind; /* "macvlan", "ipvlan" */
	uint32_t parent;
	uint32_t mode, flags; /* MACVLAN_MODE_, IPVLAN_MODE_ and IPVLAN_F_ */
	uint32_t mtu;	      /* 0: the parent's */
	int namespace_fd;
	const char *inside;
	const uint8_t *mac; /* NULL: ipvlan has its parent's */
};
int link_make_child(struct netlink *netlink, const struct link_child *child, struct err *err) must_check;

/*
 * Settings of a port. The bridge knows now behind which port the address is: an older port may have had it a moment
 * ago. And a frame may go back through the port that it came from: where bridge-nf-call-iptables is on, a container
 * reaches itself through a published port that way. isolated: such ports do not reach each other.
 */
int link_set_port(struct netlink *netlink, uint32_t port, const uint8_t mac[MAC_SIZE], bool isolated,
		  struct err *err) must_check;

void link_put_up(struct netlink_batch *batch, uint32_t index);
