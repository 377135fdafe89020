/*
 * The addresses of one network: which are taken. They are derived from what is there (gateway, reserved ones, endpoints
 * that live), never kept beside it, so none can leak. Pure.
 */
#pragma once

#include "network/subnet.h"

struct lease_set {
	struct subnet subnet, range; /* range: where addresses are chosen from */
	struct address *taken;	     /* sorted */
	size_t count;
};
/* IPv4: the network's own address and broadcast are taken (not in /31 and /32); IPv6: the network's own. */
void lease_set_init(struct lease_set *set, const struct subnet *subnet, const struct subnet *range);
void lease_set_done(struct lease_set *set);

int lease_take_lowest(struct lease_set *set, struct address *out_address, struct err *err) must_check; /* -ENOSPC */
/* -EEXIST "Address already in use"; -EINVAL outside of the network. */
int lease_take(struct lease_set *set, const struct address *address, struct err *err) must_check;
void lease_give(struct lease_set *set, const struct address *address);
