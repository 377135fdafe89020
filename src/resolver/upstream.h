/*
 * The name servers that are asked. Pure.
 */
#pragma once

#include "base/error.h"

#include <netinet/in.h>

enum { UPSTREAMS_MAX = 8 };

struct upstream {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	socklen_t size;
};

/* "10.0.0.1", "fe80::1%eth0", port 53. -EINVAL. */
int upstream_parse(const char *text, struct upstream *out_upstream, struct err *err) must_check;

/* The name servers of a resolv.conf, at most UPSTREAMS_MAX; lines that name none are overlooked. */
size_t upstream_read(const char *resolv_conf, struct upstream out_upstreams[UPSTREAMS_MAX]);
