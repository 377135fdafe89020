/*
 * Where the images of a name are asked for: the hosts in their order, and how to speak with each.
 *
 *     docker.io                      the mirrors, then registry-1.docker.io
 *     another host                   mirrors that are given for it ("quay.io=https://mirror/path"), then the host
 *
 * A mirror with a path has the names below that path. Mirrors are for pulling only. A host in insecure-registries (a
 * name with or without port, or a network that its address is in), or of this machine, is spoken to by https without
 * verification first and by http then; any other by verified https alone, whatever happens (I-12).
 *
 * Certificates: HOST:PORT below /etc/tug/certs.d, then below /etc/docker/certs.d: *.crt are roots, NAME.cert with
 * NAME.key a client's. Read once, before the job is confined.
 */
#pragma once

#include "base/json.h"
#include "docker/reference.h"
#include "registry/http.h"

/* What the engine's configuration says about registries; part of a job's request. */
struct registry_settings {
	char **mirrors;	 /* "https://host[:port][/path]", or "REGISTRY=https://..." */
	char **insecure; /* "host[:port]", "10.0.0.0/8" */
	char **certs;	 /* folders like /etc/docker/certs.d */
	char *http_proxy, *https_proxy, *no_proxy;
	char *user_agent;
	int64_t downloads, uploads; /* at once */
	int64_t attempts;	    /* of one piece of work */
	int64_t stall_s;
};
JSON_DECLARE(registry_settings);

struct endpoint {
	char *registry;	      /* "docker.io": what the name says */
	struct http_url base; /* "https://host:port", without a slash at the end */
	char *prefix;	      /* of names there: "", "path/" */
	struct http_tls tls;
	bool mirror;
	bool local;	 /* addresses of this host are fine */
	bool insecure;	 /* the host's own settings say so: plain http is fine, as a realm too */
	bool plain_next; /* insecure: after a failure of TLS the next endpoint is the same with http */
};
enum { ENDPOINTS_MAX = 32 };
struct endpoints {
	struct endpoint items[ENDPOINTS_MAX];
	size_t count;
};

/* All memory in the arena. push: no mirrors. */
int endpoints_find(struct http *http, struct arena *arena, const struct registry_settings *settings,
		   const char *registry, bool push, struct endpoints *out_endpoints, struct err *err) must_check;
