/*
 * The networks of containers: the default bridge and `none`. (`host` needs nothing from here.) Runs in the engine.
 *
 * A container gets a network namespace, as a descriptor that its monitor enters; the container's own processes keep it
 * alive from then on, also over an engine that is killed. Nothing here holds or deletes it: with its last process it is
 * gone, and its device with it. Published ports are elements of one map in tug's own nftables table, so they stay open
 * without the engine. All of it is spoken to the kernel directly; no call waits for anything but the kernel.
 *
 * Bridge and table are made with the first use. A few namespaces are kept ready on the bridge, because making one takes
 * twenty times as long as handing one over; they end with the engine.
 *
 * What an nftables table cannot do: a packet that another table drops stays dropped. On a host whose own FORWARD policy
 * is drop, that policy must let the bridge's traffic through (network_open's contract; ARCHITECTURE.md names the
 * hooks).
 */
#pragma once

#include "base/loop.h"
#include "docker/port_spec.h"

enum { NETWORK_ADDRESS_TEXT = 16, NETWORK_MAC_TEXT = 18 };

struct network;

struct network_pool {
	const char *base; /* "172.17.0.0/16" */
	int64_t size;	  /* prefix length of the networks cut from it */
};

struct network_config {
	const char *bridge; /* name of the default bridge */
	const char *bip;    /* its address "172.17.0.1/16"; "" or NULL: from the first free pool */
	const char *nft_table;
	const char *publish_ip;		  /* host address of ports that name none; "" or NULL: 0.0.0.0 */
	const struct network_pool *pools; /* none: Docker's */
	size_t pool_count;
	int64_t mtu;
	int64_t ready; /* namespaces that are kept ready */
	bool ip_forward, ip_masq;
};

/* Touches nothing on the host yet. The configuration is copied. */
int network_open(struct loop *loop, const struct network_config *config, struct network **out_network,
		 struct err *err) must_check;
void network_close(struct network *network); /* containers and their ports stay; takes NULL */

/*
 * Removes bridge, devices and table that engines of this configuration left, and switches IPv4 forwarding off again if
 * one of them switched it on. What is not there is fine.
 */
int network_purge(const struct network_config *config, struct err *err) must_check;

enum network_mode { NETWORK_NONE, NETWORK_BRIDGE };

/* A port to publish. */
struct network_publish {
	struct port container;
	const char *host_ip;  /* "" or NULL: the configured one */
	uint16_t first, last; /* host ports to choose from; 0 and 0: any free one */
};

/* A port that is published. */
struct network_binding {
	struct port container;
	char host_ip[NETWORK_ADDRESS_TEXT];
	uint16_t host_port;
};

/* A container's place in the network. Read-only for others. */
struct network_endpoint {
	enum network_mode mode;
	char address[NETWORK_ADDRESS_TEXT], gateway[NETWORK_ADDRESS_TEXT], mac[NETWORK_MAC_TEXT]; /* "" for none */
	int prefix;
	struct network_binding *bindings; /* in the order of the request */
	size_t binding_count;
	int *reserved; /* one socket per binding, so that nobody else takes the port; -1: none */
	struct network_endpoint *next;
};

/*
 * A new place, with its ports published: all of them or none. The namespace has lo and, on the bridge, eth0 with
 * address and default route; the caller owns the descriptor. -EADDRINUSE "Bind for 0.0.0.0:80 failed: port is already
 * allocated" or "failed to bind host port 0.0.0.0:80/tcp: address already in use".
 */
int network_connect(struct network *network, enum network_mode mode, const struct network_publish *ports, size_t count,
		    struct network_endpoint **out_endpoint, int *out_namespace, struct err *err) must_check;

/* The container has ended: closes its ports, gives back its address, frees the endpoint. Takes NULL. */
void network_disconnect(struct network *network, struct network_endpoint *endpoint);

/*
 * After a restart: the place of a container that still runs, by what was recorded of it. Before the loop runs and
 * before the first network_connect. -EEXIST when somebody has the address already.
 */
int network_adopt(struct network *network, const char *address, const struct network_binding *bindings, size_t count,
		  struct network_endpoint **out_endpoint, struct err *err) must_check;

/* "172.17.0.2" belongs to "02:42:ac:11:00:02". */
void network_mac(const char *address, char out_mac[NETWORK_MAC_TEXT]);
