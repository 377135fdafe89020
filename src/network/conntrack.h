/*
 * Forgetting UDP flows: a sender that goes on keeps its old translation alive, past the end of the container that had
 * the port, or around a port that was just published (N-12).
 */
#pragma once

#include "network/netlink.h"

/* Forgets the UDP flows that are answered by address, and those sent to one of the ports of this host. */
int conntrack_forget_udp(struct netlink *netfilter, uint32_t address, const uint16_t *ports, size_t count,
			 struct err *err) must_check;
