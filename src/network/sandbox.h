/*
 * Network namespaces of containers. The calling thread goes into the namespace and comes back before these return; the
 * engine has one thread.
 */
#pragma once

#include "network/netlink.h"

struct sandbox_home {
	int namespace_fd; /* where the engine lives */
};
int sandbox_home_open(struct sandbox_home *out_home, struct err *err) must_check;

/*
 * A namespace with nothing but lo, which is up; devices that come are without IPv6 until sandbox_ipv6. The caller owns
 * the descriptor, which keeps it alive, and the netlink socket in it.
 */
int sandbox_make(const struct sandbox_home *home, int *out_fd, struct netlink *out_inside, struct err *err) must_check;

/* A netlink socket in a namespace that is there. */
int sandbox_netlink(const struct sandbox_home *home, int namespace_fd, int protocol, struct netlink *out_inside,
		    struct err *err) must_check;

/* Calls `inside` in the namespace. */
int sandbox_call(const struct sandbox_home *home, int namespace_fd, int (*inside)(void *cookie, struct err *err),
		 void *cookie, struct err *err) must_check;

/* Writes a sysctl of the namespace: "ipv6/conf/eth0/disable_ipv6" (below /proc/sys/net). */
int sandbox_sysctl(const struct sandbox_home *home, int namespace_fd, const char *name, const char *value,
		   struct err *err) must_check;
