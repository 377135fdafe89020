/*
 * The documents of networks.
 */
#pragma once

#include "docker/network_settings.h"

struct ipam_range {
	char *subnet;
	char *ip_range;
	char *gateway;
	struct json_map auxiliary; /* name -> address */
};
JSON_DECLARE(ipam_range);

struct ipam {
	char *driver; /* "" or "default" */
	struct json_map options;
	JSON_LIST(struct ipam_range) config;
};
JSON_DECLARE(ipam);

struct config_reference {
	char *network;
};
JSON_DECLARE(config_reference);

/* POST /networks/create */
struct network_create {
	char *name;
	char *driver; /* "": bridge */
	char *scope;  /* "" or "local" */
	bool internal;
	bool attachable;
	bool ingress;
	bool config_only;
	struct config_reference *config_from;
	struct ipam *ipam;
	bool *enable_ipv4; /* NULL: true */
	bool *enable_ipv6; /* NULL: false */
	struct json_map options;
	struct json_map labels;
};
JSON_DECLARE(network_create);

struct network_created {
	char *id;
	char *warning;
};
JSON_DECLARE(network_created);

struct network_container {
	char *key; /* the container's ID, outside the object */
	char *name;
	char *endpoint_id;
	char *mac_address;
	char *ipv4_address; /* with the prefix length */
	char *ipv6_address;
};
JSON_DECLARE(network_container);

/* GET /networks/{id}; one item of GET /networks, without its containers. */
struct network_inspect {
	char *name;
	char *id;
	char *created; /* RFC 3339 */
	char *scope;
	char *driver;
	bool enable_ipv4;
	bool enable_ipv6;
	struct ipam ipam;
	bool internal;
	bool attachable;
	bool ingress;
	struct config_reference config_from;
	bool config_only;
	JSON_LIST(struct network_container) containers;
	struct json_map options;
	struct json_map labels;
};
JSON_DECLARE(network_inspect);

/* POST /networks/{id}/connect */
struct network_connect {
	char *container;
	struct endpoint_settings *endpoint;
};
JSON_DECLARE(network_connect);

/* POST /networks/{id}/disconnect */
struct network_disconnect {
	char *container;
	bool force;
};
JSON_DECLARE(network_disconnect);

struct network_prune {
	char **deleted;
};
JSON_DECLARE(network_prune);
