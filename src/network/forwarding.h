/*
 * What the host's sysctls must say for the networks of containers.
 */
#pragma once

#include "base/error.h"

/* Forwarding of this host, IPv4 or IPv6. A kernel without IPv6 forwards none. */
int forwarding_get(bool six, bool *out_on, struct err *err) must_check;
int forwarding_set(bool six, bool on, struct err *err) must_check;

/*
 * What a bridge needs: answers to connections from 127.0.0.1 come back through it (route_localnet, which the table's
 * guard must precede); it listens to no router and no redirect (N-05); IPv6 only where the network has it.
 */
int forwarding_bridge(const char *name, bool six, struct err *err) must_check;
