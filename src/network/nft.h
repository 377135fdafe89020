/*
 * tug's own nftables tables, spoken raw: `ip NAME` and `ip6 NAME` for published ports, masquerading and isolation, and
 * `bridge NAME` for what a container may send. Nobody else's table is touched.
 *
 * Chains of the first two, and where they hook:
 *   guard       prerouting, raw (-300)      drops what comes from outside for 127.0.0.0/8: ports published on loopback
 *                                           stay on loopback, although the bridges have route_localnet (N-01); and what
 *                                           comes out of an internal network for anywhere else
 *   ports_in    nat prerouting, dstnat      published ports, from other hosts and from containers
 *   ports_out   nat output, dstnat          published ports, from this host
 *   forward     forward, filter (0)         into a network only: its own traffic, answers, published ports (N-02,
 * N-07); out of an internal one nothing. Where tug switched forwarding on, the rest is dropped, so that the host does
 * not become a router (N-13) masquerade  nat postrouting, srcnat     out of a network; from loopback; a container to a
 * published port Maps: `ports`, host address (0: any local one) . protocol . port -> container address . port; `open`,
 * what networks without NAT let in; `inside`, `into`, `outof`, device -> the chain of its network. One element is one
 * published port: adding it costs the same with 1000 others present.
 *
 * The bridge table lets a container's device send only what carries its own hardware and IP addresses, as frame, ARP,
 * IPv4, IPv6 and neighbour advertisement, and never a router's advertisement or redirect (N-05, N-10).
 */
#pragma once

#include "network/link.h"
#include "network/subnet.h"

enum nft_mode {
	NFT_NAT,
	NFT_UNPROTECTED, /* with NAT, and every port is open for routed packets */
	NFT_ROUTED,	 /* no NAT: published ports are open at the container's own address */
	NFT_ISOLATED,	 /* the host has no address in it */
};

/* A network in one family. */
struct nft_part {
	struct subnet subnet; /* not set: it is not in this family */
	enum nft_mode mode;
	struct address source; /* that its packets leave with; not set: the leaving device's */
};

struct nft_network {
	const char *bridge; /* its device */
	struct nft_part four, six;
	bool internal, icc, masquerade;
	char *const *trusted; /* devices whose packets reach it as they are; or NULL */
};

struct nft_port {
	uint8_t protocol;    /* IPPROTO_ */
	struct address host; /* of the container's family; 0: any address of this host */
	uint16_t host_port;
	struct address address;
	uint16_t port;
	bool open; /* no translation: NFT_ROUTED */
};

/* What the device of a container may send. */
struct nft_source {
	uint32_t port; /* its index on the bridge */
	uint8_t mac[MAC_SIZE];
	const struct address *addresses;
	size_t count;
};

struct nft_rules {
	const char *table;
	const struct nft_network *networks;
	size_t network_count;
	const struct nft_port *ports;
	size_t port_count;
	const struct nft_source *sources;
	size_t source_count;
	bool six;		  /* make the IPv6 table too */
	bool mark_four, mark_six; /* leave a mark that forwarding was switched on by us */
};

/* All tables anew, in one step: there is no moment without the ports that stay. */
int nft_replace(struct netlink *netlink, const struct nft_rules *rules, struct err *err) must_check;

/* All of it or nothing. -ENOENT: somebody removed a table; -EEXIST: the port is there. */
struct nft_change {
	const struct nft_port *ports;
	size_t port_count;
	const struct nft_source *sources;
	size_t source_count;
};
int nft_add(struct netlink *netlink, const char *table, const struct nft_change *change, struct err *err) must_check;
int nft_remove(struct netlink *netlink, const char *table, const struct nft_change *change, struct err *err) must_check;

/* Whether the tables are there and have the marks. */
int nft_read_marks(struct netlink *netlink, const char *table, bool *out_four, bool *out_six,
		   struct err *err) must_check;

/* Also when they are not there. */
int nft_delete(struct netlink *netlink, const char *table, struct err *err) must_check;

/* --- inside a container's namespace --- */

/*
 * Its resolver listens on 127.0.0.11 at these two ports and appears at port 53 of that address, by rewriting alone: no
 * connection is tracked in there.
 */
int nft_resolver(struct netlink *inside, uint16_t udp, uint16_t tcp, struct err *err) must_check;
