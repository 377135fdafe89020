/*
 * The default bridge: made on first use, found again after a restart, with an address that no route of the host is in
 * the way of.
 */
#pragma once

#include "network/link.h"

struct bridge_spec {
	const char *name;
	struct subnet address; /* prefix 0: from the pools */
	const struct subnet_pool *pools;
	size_t pool_count;
	uint32_t mtu;
};

struct bridge {
	uint32_t index;
	struct subnet address; /* the gateway of its containers */
};

/*
 * A bridge that is there keeps its address; -EEXIST when the specification names another one, or when the device is no
 * bridge.
 */
int bridge_ensure(struct netlink *route, const struct bridge_spec *spec, struct bridge *out_bridge,
		  struct err *err) must_check;

/*
 * What the bridge needs of the host's sysctls: answers to connections from 127.0.0.1 come back through it
 * (route_localnet, which the table's guard must precede), and it has no IPv6.
 */
int bridge_settings(const char *name, struct err *err) must_check;

/* IPv4 forwarding of this host. */
int forwarding_get(bool *out_on, struct err *err) must_check;
int forwarding_set(bool on, struct err *err) must_check;

/* Removes the bridge and its ports. One that is not there is fine. */
int bridge_purge(struct netlink *route, const char *name, struct err *err) must_check;
