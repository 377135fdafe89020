/*
 * Addresses and routes of network devices by rtnetlink, both families.
 */
#pragma once

#include "network/netlink.h"
#include "network/subnet.h"

/* The addresses of a device of this family (bits), without link-local ones, appended to the list. */
int link_addresses(struct netlink *netlink, uint32_t index, uint8_t bits, struct subnet_list *list,
		   struct err *err) must_check;

/* Parts of a batch. IPv6 addresses are usable at once (no duplicate address detection): they are ours alone. */
void link_put_address(struct netlink_batch *batch, uint32_t index, const struct subnet *address);
void link_put_default(struct netlink_batch *batch, uint32_t index, const struct address *gateway); /* replaces it */
/* A default route that needs no gateway: out of this device (macvlan and ipvlan without one). */
void link_put_default_device(struct netlink_batch *batch, uint32_t index, uint8_t bits);

int link_add_address(struct netlink *netlink, uint32_t index, const struct subnet *address, struct err *err) must_check;
int link_delete_default(struct netlink *netlink, uint8_t bits, struct err *err) must_check; /* none there: fine */

/* Calls each with the networks of both families that the host has routes to (the default route is none). */
int link_routes(struct netlink *netlink, int (*each)(void *cookie, const struct subnet *route), void *cookie,
		struct err *err) must_check;
