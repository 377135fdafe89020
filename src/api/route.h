/*
 * Which handler answers which method and path. The table is in routes.c.
 */
#pragma once

#include "api/exchange.h"

enum route_flag {
	ROUTE_BODY = 1,	       /* takes a JSON body: collected whole before the handler is called */
	ROUTE_BODY_STREAM = 2, /* takes its body as a stream, of any size */
	ROUTE_HIJACK = 4,      /* bytes behind the request belong to a raw stream */
	ROUTE_ABSENT = 8,      /* known to Docker, not there yet: 501 with what it is */
};

struct route {
	const char *method;
	const char *pattern; /* one {} stands for one or more characters, "/" too: names of images have it */
	void (*handle)(struct exchange *x);
	unsigned since; /* API 1.since */
	unsigned flags;
	const char *what; /* of absent routes, for the message */
};

extern const struct route routes[];
extern const size_t route_count;

enum route_result { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_METHOD };

/*
 * The route for a method and a decoded path without its version. out_name is what {} stands for (in the arena), NULL
 * without one. ROUTE_METHOD: the path is known with other methods.
 */
enum route_result route_find(struct arena *arena, const char *method, const char *path, unsigned minor,
			     const struct route **out_route, const char **out_name);

/*
 * Takes "/v1.NN" from the front of a path; without one the newest version counts. -EINVAL with Docker's text for a
 * version out of the range; *out_plain says that the client is so old that it wants the error as plain text.
 */
int route_version(const char *path, const char **out_rest, unsigned *out_minor, bool *out_plain,
		  struct err *err) must_check;
