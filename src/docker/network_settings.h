/*
 * Networks and ports in the documents of a container.
 */
#pragma once

#include "docker/shape.h"

/* Docker's PortMap: {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": null}. */
struct port_binding {
	char *host_ip;
	char *host_port; /* "", "8080" or a range "8080-8090" */
};
JSON_DECLARE(port_binding);

struct port_map_entry {
	char *key;				 /* "80/tcp"; the protocol may be missing and is tcp then */
	JSON_LIST(struct port_binding) bindings; /* none: exposed, not published */
};
JSON_DECLARE(port_map_entry);

struct endpoint_ipam {
	char *ipv4_address;
	char *ipv6_address;
	char **link_local_ips;
};
JSON_DECLARE(endpoint_ipam);

/* A container's place in one network: asked for at create (the first members), reported by inspect. */
struct endpoint_settings {
	char *key; /* the network's name, outside the object */
	struct endpoint_ipam *ipam;
	char **links;
	char **aliases;
	char *mac_address;
	struct json_map driver_opts;
	int64_t gw_priority;
	char *network_id;
	char *endpoint_id;
	char *gateway;
	char *ip_address;
	int64_t ip_prefix_len;
	char *ipv6_gateway;
	char *global_ipv6_address;
	int64_t global_ipv6_prefix_len;
	char **dns_names;
};
JSON_DECLARE(endpoint_settings);

/* At create. */
struct networking_config {
	JSON_LIST(struct endpoint_settings) endpoints;
};
JSON_DECLARE(networking_config);

/*
 * In inspect. Beside `networks` the members below `hairpin_mode` repeat the default bridge's endpoint, as Docker did
 * before API 1.52; they are "" and 0 elsewhere.
 */
struct network_settings {
	char *bridge;
	char *sandbox_id;
	char *sandbox_key;
	JSON_LIST(struct port_map_entry) ports;
	bool hairpin_mode;
	char *link_local_ipv6_address;
	int64_t link_local_ipv6_prefix_len;
	const struct json *secondary_ip_addresses; /* always null */
	const struct json *secondary_ipv6_addresses;
	char *endpoint_id;
	char *gateway;
	char *global_ipv6_address;
	int64_t global_ipv6_prefix_len;
	char *ip_address;
	int64_t ip_prefix_len;
	char *ipv6_gateway;
	char *mac_address;
	JSON_LIST(struct endpoint_settings) networks;
};
JSON_DECLARE(network_settings);

/* In the list of containers: one line per container port and host address. public_port 0: not published. */
struct port_summary {
	char *ip;
	uint32_t private_port;
	uint32_t public_port;
	char *type; /* "tcp", "udp" */
};
JSON_DECLARE(port_summary);

/* In the list of containers. */
struct summary_networks {
	JSON_LIST(struct endpoint_settings) networks;
};
JSON_DECLARE(summary_networks);
