/*
 * The networks of containers. Runs in the engine.
 *
 * A network has a driver (driver.h): bridge, macvlan, ipvlan, host, null. A container gets a network namespace, as a
 * descriptor that its monitor enters, and an endpoint, which is a device with addresses in that namespace, for each of
 * its networks; endpoints come and go while it runs. The container's own processes keep the namespace alive, also over
 * an engine that is killed: with its last process it is gone, and its devices with it. Published ports are elements of
 * one map in tug's own nftables tables, so they stay open without the engine. All of it is spoken to the kernel
 * directly; no call waits for anything but the kernel.
 *
 * The record is the caller's: networks and endpoints are told anew after a restart (network_add, network_adopt), and
 * addresses and ports are taken from what is told, so nothing can leak. Devices and tables on the host are made with
 * the first use. For the default bridge a few namespaces are kept ready, because making one takes twenty times as long
 * as handing one over; they end with the engine.
 *
 * The tables are watched: what somebody else does to them is undone at once.
 *
 * What an nftables table cannot do: a packet that another table drops stays dropped. On a host whose own FORWARD policy
 * is drop, that policy must let the bridges' traffic through (ARCHITECTURE.md names the hooks).
 */
#pragma once

#include "base/json.h"
#include "base/loop.h"
#include "docker/port_spec.h"
#include "network/subnet.h"

#include <net/if.h>

enum { NETWORK_MAC_TEXT = 18, NETWORK_ID_TEXT = 65 };

struct networks;
struct network;

struct network_pool {
	const char *base; /* "172.17.0.0/16" */
	int64_t size;	  /* prefix length of the networks cut from it */
};

struct networks_config {
	const char *nft_table;
	const char *publish_ip;		  /* host address of ports that name none; "" or NULL: 0.0.0.0 */
	const struct network_pool *pools; /* none: Docker's */
	size_t pool_count;
	int64_t ready; /* namespaces that are kept ready for the default bridge */
	bool ip_forward;
};

/* Touches nothing on the host yet. The configuration is copied. */
int networks_open(struct loop *loop, const struct networks_config *config, struct networks **out_networks,
		  struct err *err) must_check;
void networks_close(struct networks *networks); /* containers and their ports stay; takes NULL */

/* After all networks of the record were added: devices of ours that belong to none of them go (a create that was cut).
 */
int networks_sweep(struct networks *networks, struct err *err) must_check;

/*
 * Removes devices and tables that engines with this table's name left, and switches forwarding off again if one of them
 * switched it on. What is not there is fine.
 */
int networks_purge(const char *nft_table, struct err *err) must_check;

/* --- networks --- */

struct network_range {
	struct subnet subnet; /* address not set: one from the pools */
	struct subnet range;  /* not set: the whole subnet */
	struct address gateway;
	struct address *reserved; /* auxiliary addresses */
	size_t reserved_count;
};

struct network_spec {
	const char *id, *name, *driver;
	bool internal, four, six;
	bool existing;			/* from the record: nothing is asked for anew, only taken up */
	bool standard;			/* the default bridge: named by its device, adopts the address that is there */
	const struct json_map *options; /* Docker's names; unknown ones are ignored, as Docker does */
	struct network_range *ranges;	/* completed: subnets and gateways are filled in */
	size_t range_count;
};

/*
 * Checks all of it, chooses what is left open, and makes its devices. -EINVAL, -EPERM with Docker's words; -ENOENT
 * "plugin \"x\" not found"; -EOPNOTSUPP where the kernel lacks the driver.
 */
int network_add(struct networks *networks, struct network_spec *spec, struct network **out_network,
		struct err *err) must_check;
/* It has no endpoints. Its devices go. */
void network_remove(struct network *network);

const char *network_driver_name(const struct network *network);
const char *network_device(const struct network *network); /* the bridge, "" for other drivers */
bool network_has_addresses(const struct network *network); /* not so host and null */
bool network_resolves(const struct network *network);	   /* user-defined: its containers find each other by name */
bool network_publishes(const struct network *network);	   /* ports of its containers on this host */
/* The gateway as its containers see it; not set without one. */
struct address network_gateway(const struct network *network, uint8_t bits);

/* --- endpoints --- */

struct network_request {
	struct address four, six;   /* not set: any */
	const char *mac;	    /* "" or NULL: by the address */
	const char *device;	    /* its name in the container; "" or NULL: the first free eth0, eth1 */
	const struct address *more; /* link-local ones */
	size_t more_count;
	int64_t priority;    /* the endpoint with the highest one has the default route */
	const char *sysctls; /* "net.ipv4.conf.IFNAME.x=y,..."; or NULL */
};

/* -EINVAL with Docker's words. Without doing anything. */
int network_request_check(const struct network *network, const struct network_request *request,
			  struct err *err) must_check;

/* What is recorded of an endpoint, enough to take it up again. */
struct network_place {
	struct address four, six, gateway_four, gateway_six; /* not set: none */
	uint8_t prefix_four, prefix_six;
	char mac[NETWORK_MAC_TEXT], device[IFNAMSIZ]; /* in the container */
	uint32_t port;				      /* on the host's side: the device's index; 0: none */
	int64_t priority;
};

/* A container's place in one network. Read-only for others. */
struct network_endpoint {
	struct network *network;
	struct network_endpoint *next; /* of its network */
	struct network_place place;
	const struct address *more;
	size_t more_count;
	bool ready; /* in a namespace of the pool, nobody's yet */
};

/* A namespace with only lo. */
int network_sandbox(struct networks *networks, int *out_namespace, struct err *err) must_check;

/* Puts a device into the namespace. All or nothing. -EPERM "Address already in use". */
int network_attach(struct network *network, const struct network_request *request, int namespace_fd,
		   struct network_endpoint **out_endpoint, struct err *err) must_check;
/* A namespace with this one endpoint in it, which asks for nothing: from the pool where the network has one. */
int network_attach_first(struct network *network, const struct network_request *request, int *out_namespace,
			 struct network_endpoint **out_endpoint, struct err *err) must_check;
/* namespace_fd -1: the container has ended. Otherwise the device is taken out of it. Frees the endpoint. Takes NULL. */
void network_detach(struct network_endpoint *endpoint, int namespace_fd);

/* After a restart, before the loop runs. -EEXIST: somebody has the address already. */
int network_adopt(struct network *network, const struct network_place *place, struct network_endpoint **out_endpoint,
		  struct err *err) must_check;

/*
 * Which of a container's endpoints has its default route: by priority, then the order of names; NULL: none. Internal
 * networks have none.
 */
struct network_endpoint *network_choose_gateway(struct network_endpoint *const *endpoints, const char *const *names,
						size_t count, uint8_t bits);
/* Sets the namespace's default routes to these; NULL: none of that family. */
int network_set_gateway(struct networks *networks, int namespace_fd, const struct network_endpoint *four,
			const struct network_endpoint *six, struct err *err) must_check;

/* Opens two sockets in the namespace for its resolver, which appears as 127.0.0.11 port 53 there. */
int network_resolver_sockets(struct networks *networks, int namespace_fd, int *out_udp, int *out_tcp,
			     struct err *err) must_check;

/* --- published ports --- */

/* A port to publish. */
struct network_publish {
	struct port container;
	const char *host_ip;  /* "" or NULL: the network's own choice, in each family that the endpoint has */
	uint16_t first, last; /* host ports to choose from; 0 and 0: any free one */
};

/* A port that is published. */
struct network_binding {
	struct port container;
	struct address host;
	uint16_t host_port; /* 0: open at the container's own address (routed) */
};

/* The published ports of a container. Read-only for others. */
struct network_ports {
	struct networks *networks;
	struct network_ports *next;
	const struct network_endpoint *four, *six; /* where they lead */
	struct network_binding *bindings;	   /* in the order of the request */
	size_t count;
	int *reserved; /* one socket per binding, so that nobody else takes the port; -1: none */
};

/*
 * All of them or none. -EADDRINUSE "Bind for 0.0.0.0:80 failed: port is already allocated" or "failed to bind host port
 * 0.0.0.0:80/tcp: address already in use".
 */
int network_publish(struct networks *networks, const struct network_endpoint *four, const struct network_endpoint *six,
		    const struct network_publish *ports, size_t count, struct network_ports **out_ports,
		    struct err *err) must_check;
/* To other endpoints of the same container, with the same numbers. */
int network_ports_lead(struct network_ports *ports, const struct network_endpoint *four,
		       const struct network_endpoint *six, struct err *err) must_check;
void network_unpublish(struct network_ports *ports); /* takes NULL */
int network_adopt_ports(struct networks *networks, const struct network_endpoint *four,
			const struct network_endpoint *six, const struct network_binding *bindings, size_t count,
			struct network_ports **out_ports, struct err *err) must_check;
