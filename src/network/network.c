#include "network/network.h"
#include "base/text.h"
#include "network/bridge.h"
#include "network/conntrack.h"
#include "network/nft.h"
#include "network/ports.h"
#include "network/sandbox.h"

#include <netinet/in.h>
#include <string.h>

struct ready_sandbox {
	int namespace_fd;
	uint32_t address;
};

struct network {
	char *bridge_name, *table, *publish_ip;
	struct bridge_spec spec;
	struct subnet_pool *pools;
	bool ip_forward, ip_masq;

	struct sandbox_home home;
	struct netlink route, netfilter;

	bool bridge_up, rules_up, forwarding_mark;
	struct bridge bridge;
	struct address_set addresses;
	struct port_table ports;
	struct network_endpoint *endpoints;

	struct ready_sandbox *ready; /* oldest first */
	size_t ready_count, ready_max;
	struct loop *loop;
	struct loop_timer fill, settle;
};

/* Behind the start of the container that emptied a place: filling takes the kernel's network lock and our time. */
enum { FILL_DELAY_NS = 10000000 };

void network_mac(const char *address, char out_mac[NETWORK_MAC_TEXT])
{
	uint32_t number;
	uint8_t mac[MAC_SIZE];
	struct err ignored;
	if (address_parse(address, &number, &ignored) < 0) {
		out_mac[0] = 0;
		return;
	}
	sandbox_mac(number, mac);
	snprintf(out_mac, NETWORK_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

/* --- opening --- */

static int check_name(const char *name, struct err *err)
{
	size_t size = strlen(name);
	if (size == 0 || size >= IFNAMSIZ || text_equal(name, ".") || text_equal(name, "..") ||
	    strpbrk(name, "/ \t\r\n:%") != NULL)
		return err_set(err, EINVAL, "bridge: \"%s\" is not the name of a network device", name);
	return 0;
}

static int read_pools(struct network *network, const struct network_config *config, struct err *err)
{
	network->spec.pools = subnet_docker_pools;
	network->spec.pool_count = subnet_docker_pool_count;
	if (config->pool_count == 0)
		return 0;
	network->pools = x_alloc(config->pool_count * sizeof *network->pools);
	for (size_t i = 0; i < config->pool_count; i++) {
		struct subnet_pool *pool = &network->pools[i];
		int64_t prefix = config->pools[i].size;
		if (subnet_parse(config->pools[i].base, &pool->base, err) < 0)
			return err_wrap(err, "default-address-pools");
		if (prefix < pool->base.prefix || prefix > 30)
			return err_set(err, EINVAL, "default-address-pools: %s: size %lld is not from %u to 30",
				       config->pools[i].base, (long long)prefix, pool->base.prefix);
		pool->prefix = (uint8_t)prefix;
	}
	network->spec.pools = network->pools;
	network->spec.pool_count = config->pool_count;
	return 0;
}

static int read_config(struct network *network, const struct network_config *config, struct err *err)
{
	enum { PREFIX_MAX = 30 };
	uint32_t ignored;
	network->bridge_name = x_strdup(config->bridge);
	network->table = x_strdup(config->nft_table);
	network->publish_ip = x_strdup(text_empty(config->publish_ip) ? "0.0.0.0" : config->publish_ip);
	network->spec.name = network->bridge_name;
	network->spec.mtu = (uint32_t)config->mtu;
	network->ip_forward = config->ip_forward;
	network->ip_masq = config->ip_masq;
	network->ready_max = config->ready > 0 ? (size_t)config->ready : 0;
	network->ready = x_alloc((network->ready_max + 1) * sizeof *network->ready);
	if (check_name(config->bridge, err) < 0 || read_pools(network, config, err) < 0)
		return -err->code;
	if (address_parse(network->publish_ip, &ignored, err) < 0)
		return err_wrap(err, "ip");
	if (text_empty(config->bip))
		return 0;
	if (subnet_parse(config->bip, &network->spec.address, err) < 0)
		return err_wrap(err, "bip");
	const struct subnet *bip = &network->spec.address;
	if (bip->prefix == 0 || bip->prefix > PREFIX_MAX || bip->address == subnet_first(bip) ||
	    bip->address == subnet_last(bip))
		return err_set(err, EINVAL, "bip: \"%s\" is not the address of a host in a network", config->bip);
	return 0;
}

static void settle(struct loop_timer *timer);
static void fill(struct loop_timer *timer);

int network_open(struct loop *loop, const struct network_config *config, struct network **out_network, struct err *err)
{
	struct network *network = x_alloc(sizeof *network);
	network->loop = loop;
	network->home.namespace_fd = network->route.fd = network->netfilter.fd = -1;
	if (read_config(network, config, err) < 0 || sandbox_home_open(&network->home, err) < 0 ||
	    netlink_open(NETLINK_ROUTE, &network->route, err) < 0 ||
	    netlink_open(NETLINK_NETFILTER, &network->netfilter, err) < 0) {
		network_close(network);
		return -err->code;
	}
	loop_timer_start(loop, &network->settle, 0, settle);
	*out_network = network;
	return 0;
}

static void endpoint_free(struct network_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->binding_count; i++)
		cleanup_fd(&endpoint->reserved[i]);
	free(endpoint->reserved);
	free(endpoint->bindings);
	free(endpoint);
}

void network_close(struct network *network)
{
	if (!network)
		return;
	loop_timer_stop(&network->fill);
	loop_timer_stop(&network->settle);
	for (size_t i = 0; i < network->ready_count; i++)
		cleanup_fd(&network->ready[i].namespace_fd);
	while (network->endpoints) {
		struct network_endpoint *endpoint = network->endpoints;
		network->endpoints = endpoint->next;
		endpoint_free(endpoint);
	}
	free(network->ready);
	free(network->pools);
	free(network->bridge_name);
	free(network->table);
	free(network->publish_ip);
	address_set_done(&network->addresses);
	port_table_done(&network->ports);
	netlink_done(&network->route);
	netlink_done(&network->netfilter);
	cleanup_fd(&network->home.namespace_fd);
	free(network);
}

/* --- bridge and table --- */

static int bridge_up(struct network *network, struct err *err)
{
	if (network->bridge_up)
		return 0;
	if (bridge_ensure(&network->route, &network->spec, &network->bridge, err) < 0)
		return -err->code;
	address_set_init(&network->addresses, &network->bridge.address, network->bridge.address.address);
	network->bridge_up = true;
	return 0;
}

static uint8_t protocol_number(enum port_protocol protocol)
{
	static const uint8_t numbers[] = {
	    [PORT_TCP] = IPPROTO_TCP, [PORT_UDP] = IPPROTO_UDP, [PORT_SCTP] = IPPROTO_SCTP};
	return numbers[protocol];
}

/* The endpoint's ports as elements of the map, behind those in *ports. */
static size_t list_ports(const struct network_endpoint *endpoint, struct nft_port *ports)
{
	uint32_t address = 0;
	struct err ignored;
	if (endpoint->binding_count)
		(void)!address_parse(endpoint->address, &address, &ignored);
	for (size_t i = 0; i < endpoint->binding_count; i++) {
		const struct network_binding *binding = &endpoint->bindings[i];
		ports[i] = (struct nft_port){.protocol = protocol_number(binding->container.protocol),
					     .host_port = binding->host_port,
					     .address = address,
					     .port = binding->container.number};
		(void)!address_parse(binding->host_ip, &ports[i].host, &ignored);
	}
	return endpoint->binding_count;
}

static int replace_table(struct network *network, struct err *err)
{
	size_t count = 0;
	for (const struct network_endpoint *at = network->endpoints; at; at = at->next)
		count += at->binding_count;
	auto_free struct nft_port *ports = x_alloc((count + 1) * sizeof *ports);
	count = 0;
	for (const struct network_endpoint *at = network->endpoints; at; at = at->next)
		count += list_ports(at, ports + count);
	struct nft_rules rules = {.table = network->table,
				  .bridge = network->bridge_name,
				  .subnet = network->bridge.address,
				  .masquerade = network->ip_masq,
				  .forwarding_mark = network->forwarding_mark};
	return nft_replace(&network->netfilter, &rules, ports, count, err);
}

/* The table comes first: what the sysctls open is guarded by it, and the mark survives a crash in between. */
static int rules_up(struct network *network, struct err *err)
{
	bool forwarding = true;
	if (network->rules_up)
		return 0;
	if (nft_read_mark(&network->netfilter, network->table, &network->forwarding_mark, err) < 0)
		return -err->code;
	if (network->ip_forward && forwarding_get(&forwarding, err) < 0)
		return -err->code;
	network->forwarding_mark |= !forwarding;
	if (replace_table(network, err) < 0 || bridge_settings(network->bridge_name, err) < 0 ||
	    (!forwarding && forwarding_set(true, err) < 0))
		return -err->code;
	network->rules_up = true;
	return 0;
}

/*
 * Once after a start: where an earlier engine left a bridge, the table is brought to what the record says now, and what
 * belonged to containers that ended meanwhile goes. On failure the next use tries again and says why.
 */
static void settle(struct loop_timer *timer)
{
	struct network *network = container_of(timer, struct network, settle);
	struct link_info link;
	struct err ignored;
	if (link_find(&network->route, network->bridge_name, &link, &ignored) == 0 && link.index &&
	    bridge_up(network, &ignored) == 0 && rules_up(network, &ignored) == 0 && network->endpoints)
		loop_timer_start(network->loop, &network->fill, FILL_DELAY_NS, fill);
}

/* --- sandboxes --- */

static int make_sandbox(struct network *network, struct ready_sandbox *out_sandbox, struct err *err)
{
	struct ready_sandbox sandbox;
	if (address_take_lowest(&network->addresses, &sandbox.address, err) < 0)
		return -err->code;
	struct sandbox_place place = {.route = &network->route,
				      .bridge = network->bridge.index,
				      .mtu = network->spec.mtu,
				      .address = {sandbox.address, network->bridge.address.prefix},
				      .gateway = network->bridge.address.address};
	if (sandbox_make(&network->home, &place, &sandbox.namespace_fd, err) < 0) {
		address_give(&network->addresses, sandbox.address);
		return err_wrap(err, "%s", network->bridge_name);
	}
	*out_sandbox = sandbox;
	return 0;
}

/* One per turn, so that the loop goes on in between. A failure is told by the connect that comes next. */
static void fill(struct loop_timer *timer)
{
	struct network *network = container_of(timer, struct network, fill);
	struct err ignored;
	if (network->ready_count >= network->ready_max ||
	    make_sandbox(network, &network->ready[network->ready_count], &ignored) < 0)
		return;
	if (++network->ready_count < network->ready_max)
		loop_timer_start(network->loop, &network->fill, FILL_DELAY_NS, fill);
}

static int take_sandbox(struct network *network, struct ready_sandbox *out_sandbox, struct err *err)
{
	if (network->ready_count == 0)
		return make_sandbox(network, out_sandbox, err);
	*out_sandbox = network->ready[0];
	network->ready_count--;
	memmove(network->ready, network->ready + 1, network->ready_count * sizeof *network->ready);
	return 0;
}

/* --- endpoints --- */

static void forget_udp(struct network *network, const struct network_endpoint *endpoint)
{
	size_t count = 0;
	uint32_t address;
	struct err ignored;
	auto_free uint16_t *ports = x_alloc((endpoint->binding_count + 1) * sizeof *ports);
	for (size_t i = 0; i < endpoint->binding_count; i++) {
		if (endpoint->bindings[i].container.protocol == PORT_UDP)
			ports[count++] = endpoint->bindings[i].host_port;
	}
	/* It only shortens what ends by itself after some time. */
	if (count && address_parse(endpoint->address, &address, &ignored) == 0)
		(void)!conntrack_forget_udp(&network->netfilter, address, ports, count, &ignored);
}

static struct network_endpoint *endpoint_new(enum network_mode mode, size_t room)
{
	struct network_endpoint *endpoint = x_alloc(sizeof *endpoint);
	endpoint->mode = mode;
	endpoint->bindings = x_alloc((room + 1) * sizeof *endpoint->bindings);
	endpoint->reserved = x_alloc((room + 1) * sizeof *endpoint->reserved);
	return endpoint;
}

static void endpoint_place(const struct network *network, struct network_endpoint *endpoint, uint32_t address)
{
	address_text(address, endpoint->address);
	address_text(network->bridge.address.address, endpoint->gateway);
	network_mac(endpoint->address, endpoint->mac);
	endpoint->prefix = network->bridge.address.prefix;
}

/* Gives back what the endpoint has, and frees it. It is in no list. */
static void endpoint_drop(struct network *network, struct network_endpoint *endpoint)
{
	uint32_t address;
	struct err ignored;
	for (size_t i = 0; i < endpoint->binding_count; i++)
		port_release(&network->ports, &endpoint->bindings[i]);
	if (endpoint->address[0] && address_parse(endpoint->address, &address, &ignored) == 0)
		address_give(&network->addresses, address);
	endpoint_free(endpoint);
}

static int reserve_ports(struct network *network, struct network_endpoint *endpoint,
			 const struct network_publish *ports, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (port_reserve(&network->ports, &ports[i], network->publish_ip, &endpoint->bindings[i],
				 &endpoint->reserved[i], err) < 0)
			return -err->code;
		endpoint->binding_count++;
	}
	return 0;
}

static int publish(struct network *network, const struct network_endpoint *endpoint, struct err *err)
{
	auto_free struct nft_port *ports = x_alloc((endpoint->binding_count + 1) * sizeof *ports);
	size_t count = list_ports(endpoint, ports);
	int result = nft_add_ports(&network->netfilter, network->table, ports, count, err);
	if (result == -ENOENT)
		result = replace_table(network, err); /* somebody flushed the ruleset: all of it again */
	if (result == 0)
		forget_udp(network, endpoint);
	return result;
}

static int connect_bridge(struct network *network, const struct network_publish *ports, size_t count,
			  struct network_endpoint **out_endpoint, int *out_namespace, struct err *err)
{
	if (bridge_up(network, err) < 0 || rules_up(network, err) < 0)
		return -err->code;
	struct network_endpoint *endpoint = endpoint_new(NETWORK_BRIDGE, count);
	struct ready_sandbox sandbox;
	int result = reserve_ports(network, endpoint, ports, count, err);
	if (result == 0)
		result = take_sandbox(network, &sandbox, err);
	if (result < 0) {
		endpoint_drop(network, endpoint);
		return result;
	}
	endpoint_place(network, endpoint, sandbox.address);
	endpoint->next = network->endpoints;
	network->endpoints = endpoint;
	result = publish(network, endpoint, err);
	if (result < 0) {
		close(sandbox.namespace_fd);
		network->endpoints = endpoint->next;
		endpoint_drop(network, endpoint);
		return result;
	}
	if (!network->fill.loop)
		loop_timer_start(network->loop, &network->fill, FILL_DELAY_NS, fill);
	*out_endpoint = endpoint;
	*out_namespace = sandbox.namespace_fd;
	return 0;
}

int network_connect(struct network *network, enum network_mode mode, const struct network_publish *ports, size_t count,
		    struct network_endpoint **out_endpoint, int *out_namespace, struct err *err)
{
	if (mode == NETWORK_BRIDGE)
		return connect_bridge(network, ports, count, out_endpoint, out_namespace, err);
	int namespace;
	if (sandbox_make_empty(&network->home, &namespace, err) < 0)
		return -err->code;
	struct network_endpoint *endpoint = endpoint_new(mode, 0);
	endpoint->next = network->endpoints;
	network->endpoints = endpoint;
	*out_endpoint = endpoint;
	*out_namespace = namespace;
	return 0;
}

void network_disconnect(struct network *network, struct network_endpoint *endpoint)
{
	struct err ignored;
	if (!endpoint)
		return;
	struct network_endpoint **link = &network->endpoints;
	while (*link != endpoint)
		link = &(*link)->next;
	*link = endpoint->next;
	if (endpoint->binding_count) {
		auto_free struct nft_port *ports = x_alloc(endpoint->binding_count * sizeof *ports);
		size_t count = list_ports(endpoint, ports);
		/* Not there: somebody flushed the ruleset. */
		if (nft_remove_ports(&network->netfilter, network->table, ports, count, &ignored) < 0)
			network->rules_up = false; /* the next use makes the table anew, without these */
		forget_udp(network, endpoint);
	}
	endpoint_drop(network, endpoint);
}

int network_adopt(struct network *network, const char *address, const struct network_binding *bindings, size_t count,
		  struct network_endpoint **out_endpoint, struct err *err)
{
	struct network_endpoint *endpoint = endpoint_new(text_empty(address) ? NETWORK_NONE : NETWORK_BRIDGE, count);
	uint32_t number;
	int result = 0;
	if (endpoint->mode == NETWORK_BRIDGE) {
		result = bridge_up(network, err);
		if (result == 0)
			result = address_parse(address, &number, err);
		if (result == 0)
			result = address_take(&network->addresses, number, err);
		if (result == 0)
			endpoint_place(network, endpoint, number);
	}
	for (size_t i = 0; i < count && result == 0 && endpoint->mode == NETWORK_BRIDGE; i++) {
		result = port_adopt(&network->ports, &bindings[i], &endpoint->reserved[i], err);
		if (result == 0)
			endpoint->bindings[endpoint->binding_count++] = bindings[i];
	}
	if (result < 0) {
		endpoint_drop(network, endpoint);
		return result;
	}
	endpoint->next = network->endpoints;
	network->endpoints = endpoint;
	*out_endpoint = endpoint;
	return 0;
}

/* --- purge --- */

int network_purge(const struct network_config *config, struct err *err)
{
	auto_netlink route = {.fd = -1}, netfilter = {.fd = -1};
	bool mark = false;
	if (check_name(config->bridge, err) < 0 || netlink_open(NETLINK_ROUTE, &route, err) < 0 ||
	    netlink_open(NETLINK_NETFILTER, &netfilter, err) < 0 ||
	    nft_read_mark(&netfilter, config->nft_table, &mark, err) < 0)
		return -err->code;
	/* The mark goes last but one: an interrupted purge can be repeated. */
	if (bridge_purge(&route, config->bridge, err) < 0 || (mark && forwarding_set(false, err) < 0))
		return -err->code;
	return nft_delete(&netfilter, config->nft_table, err);
}
