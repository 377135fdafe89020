/*
 * Drivers of networks: one const instance per kind, one table of all of them.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct network;
struct network_endpoint;

struct network_driver {
	const char *name;
	bool single;	/* one network of this kind, made by the engine itself */
	bool addresses; /* its endpoints have a device and addresses */
	bool rules;	/* its networks are in the nftables tables */
	bool many;	/* several subnets of one family */

	/* What its options and ranges must be. */
	int (*check)(struct network *network, struct err *err);
	/* Makes its devices on the host, or finds them; doing it twice changes nothing. Sets network->index. */
	int (*up)(struct network *network, struct err *err);
	/* Removes what `up` made. */
	void (*down)(struct network *network);
	/* A device for the endpoint in the namespace, under place.device and with place.mac; sets place.port. */
	int (*join)(struct network *network, struct network_endpoint *endpoint, int namespace_fd, struct err *err);
	/* What is to be done once that is up; or NULL. */
	int (*joined)(struct network *network, struct network_endpoint *endpoint, struct err *err);
};

extern const struct network_driver driver_bridge, driver_macvlan, driver_ipvlan, driver_host, driver_null;

const struct network_driver *driver_find(const char *name); /* NULL: unknown */
