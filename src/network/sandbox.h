/*
 * Network namespaces for containers. The calling thread goes into the new namespace and comes back before these return;
 * the engine has one thread.
 */
#pragma once

#include "network/link.h"

struct sandbox_home {
	int namespace_fd; /* where the engine lives */
};
int sandbox_home_open(struct sandbox_home *out_home, struct err *err) must_check;

/* A namespace with nothing but lo, which is up. The caller owns the descriptor, which keeps it alive. */
int sandbox_make_empty(const struct sandbox_home *home, int *out_fd, struct err *err) must_check;

struct sandbox_place {
	struct netlink *route; /* in the engine's own namespace */
	uint32_t bridge, mtu;
	struct subnet address; /* of eth0 */
	uint32_t gateway;
};
/* With eth0 on the bridge, address and default route, as Docker sets it up: IPv6 is off except on lo. */
int sandbox_make(const struct sandbox_home *home, const struct sandbox_place *place, int *out_fd,
		 struct err *err) must_check;

/* 02:42 and the address: the same place has the same hardware address again. */
void sandbox_mac(uint32_t address, uint8_t out_mac[MAC_SIZE]);
