/*
 * Forgetting flows: a sender that goes on keeps its old translation alive, past the end of the container that had the
 * port or the address, or around a port that was just published (N-12).
 */
#pragma once

#include "network/address.h"
#include "network/netlink.h"

struct conntrack_search {
	const struct address *addresses; /* of containers: every flow from or to them, of any protocol */
	size_t address_count;
	const uint16_t *ports; /* of this host: UDP flows sent to them */
	size_t port_count;
};
int conntrack_forget(struct netlink *netfilter, const struct conntrack_search *search, struct err *err) must_check;
