/*
 * tug's own nftables table (family ip): published ports, masquerading and isolation, spoken raw.
 *
 * Chains, and where they hook:
 *   guard       prerouting, raw (-300)      drops what comes from outside for 127.0.0.0/8: ports published on loopback
 *                                           stay on loopback, although the bridge has route_localnet (N-01)
 *   ports_in    nat prerouting, dstnat      published ports, from other hosts and from containers
 *   ports_out   nat output, dstnat          published ports, from this host
 *   forward     forward, filter (0)         into the bridge only: its own traffic, answers, published ports (N-02)
 *   masquerade  nat postrouting, srcnat     out of the bridge; from loopback; a container to a published port
 * and one map `ports`: host address (0.0.0.0: any local one) . protocol . port -> container address . port.
 * One element is one published port: adding it costs the same with 1000 others present.
 */
#pragma once

#include "network/netlink.h"
#include "network/subnet.h"

struct nft_rules {
	const char *table, *bridge;
	struct subnet subnet;
	bool masquerade;
	bool forwarding_mark; /* leave a mark that forwarding was switched on by us */
};

struct nft_port {
	uint8_t protocol; /* IPPROTO_ */
	uint32_t host;	  /* 0: any address of this host */
	uint16_t host_port;
	uint32_t address;
	uint16_t port;
};

/* The whole table anew with these ports, in one step: there is no moment without the ports that stay. */
int nft_replace(struct netlink *netlink, const struct nft_rules *rules, const struct nft_port *ports, size_t count,
		struct err *err) must_check;

/* All of them or none. -ENOENT: somebody removed the table. */
int nft_add_ports(struct netlink *netlink, const char *table, const struct nft_port *ports, size_t count,
		  struct err *err) must_check;
int nft_remove_ports(struct netlink *netlink, const char *table, const struct nft_port *ports, size_t count,
		     struct err *err) must_check;

/* Whether the table is there and has the mark. */
int nft_read_mark(struct netlink *netlink, const char *table, bool *out_mark, struct err *err) must_check;

/* Also when it is not there. */
int nft_delete(struct netlink *netlink, const char *table, struct err *err) must_check;
