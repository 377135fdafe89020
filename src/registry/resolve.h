/*
 * Names of hosts to addresses, once per name and port; the rules of no_proxy. Blocking: jobs only.
 */
#pragma once

#include "base/error.h"

struct resolved {
	struct resolved *next;
	char *key; /* "host:port" */
	char *pin; /* "host:port:address,address", as libcurl takes it */
	bool local;
};
struct resolver {
	struct resolved *first;
};

/*
 * local false: -EACCES for a name that has an address of this host or a link-local one, now or when it was looked up
 * before (I-13: rebinding). -EHOSTUNREACH "lookup HOST: ...".
 */
int resolver_look(struct resolver *resolver, const char *host, const char *port, bool local,
		  struct err *err) must_check;
void resolver_done(struct resolver *resolver);

/* "localhost" and names below it, 127.0.0.0/8, ::1; nothing is looked up. */
bool resolver_is_loopback(const char *host);

/* Go's rules: "*", hosts, ".suffix", addresses, networks, each with an optional :port. */
bool no_proxy_fits(const char *list, const char *host, const char *port);
/* Whether a host's address (no name) is in a network "ADDRESS/LENGTH", or is this address. */
bool network_has(const char *network, const char *host);
