/*
 * The insides of networks and endpoints. For this folder's network*.c, endpoint.c, publish.c and drivers.
 */
#pragma once

#include "network/driver.h"
#include "network/lease.h"
#include "network/network.h"
#include "network/network_options.h"
#include "network/nft.h"
#include "network/ports.h"
#include "network/sandbox.h"

/* A range of a network, with what is taken of it. */
struct network_part {
	struct subnet subnet;
	struct address gateway;
	struct lease_set leases;
};

struct network {
	struct networks *networks;
	struct network *next;
	const struct network_driver *driver;
	char *id, *name;
	char device[IFNAMSIZ]; /* on the host: the bridge, or the parent */
	struct network_options options;
	struct arena arena; /* of the options */
	bool internal, four, six, standard;
	bool up; /* its devices are there; index is valid */
	uint32_t index;
	struct network_part *parts;
	size_t part_count;
	struct network_endpoint *endpoints;
};

struct ready_sandbox {
	int namespace_fd;
	struct network_endpoint *endpoint;
};

/* An address that is not given back before the flows that knew it are forgotten. */
struct released {
	struct network *network;
	struct address address;
};

struct networks {
	struct loop *loop;
	char *table;
	struct address publish_ip;
	struct subnet_pool *pools;
	size_t pool_count;
	bool ip_forward;

	struct sandbox_home home;
	struct netlink route, netfilter;
	struct network *first;
	struct network_ports *published;
	struct port_table ports;

	bool rules_up, six, mark_four, mark_six;
	struct netlink watch;
	uint32_t own_port; /* of `netfilter`, in notices about what we did ourselves */
	struct loop_io watch_io;
	struct loop_timer repair;

	struct ready_sandbox *ready; /* oldest first */
	size_t ready_count, ready_max;
	struct released *released;
	size_t released_count;
	struct loop_timer fill, settle, forget;
};

/* --- network_rules.c --- */

int rules_replace(struct networks *networks, struct err *err) must_check;
/* The tables and the host's settings are there. The table comes first: what the sysctls open is guarded by it. */
int rules_up(struct networks *networks, struct err *err) must_check;
/* Adds to the tables, or makes them anew when somebody removed them. */
int rules_add(struct networks *networks, const struct nft_change *change, struct err *err) must_check;
void rules_remove(struct networks *networks, const struct nft_change *change);
void rules_watch_stop(struct networks *networks);

/* --- endpoint.c --- */

void endpoint_source(const struct network_endpoint *endpoint, struct address *addresses, struct nft_source *out_source);
enum { ENDPOINT_ADDRESSES_MAX = 18, ENDPOINT_MORE_MAX = 16 };
void pool_fill_later(struct networks *networks);
void pool_drop(struct networks *networks, const struct network *network); /* NULL: of all networks */
void forget_now(struct networks *networks);
void endpoint_free(struct network_endpoint *endpoint);
int mac_parse(const char *text, uint8_t out_mac[MAC_SIZE], struct err *err) must_check;

/* --- publish.c --- */

size_t ports_elements(const struct network_ports *ports, struct nft_port *elements); /* at most ports->count */
void ports_free(struct network_ports *ports);

/* --- network.c --- */

int network_up(struct network *network, struct err *err) must_check;
struct network_part *network_part(struct network *network, uint8_t bits, const struct address *address);
