/* Endpoints: a container's device and addresses in a network; the pool of ready ones; the default route. */
#include "network/conntrack.h"
#include "network/link_address.h"
#include "network/network_state.h"

#include "base/random.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { DEVICES_MAX = 256 };
/* Behind the start of the container that emptied a place: filling takes the kernel's network lock and our time. */
#define FILL_DELAY_NS 10000000LL
#define FORGET_DELAY_NS 10000000LL

/* --- hardware addresses --- */

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit >= 'A' ? digit | 0x20 : digit) : NULL;
	bool letter = digit >= 'A';
	return at && letter == (at - digits > 9) ? (int)(at - digits) : -1;
}

int mac_parse(const char *text, uint8_t out_mac[MAC_SIZE], struct err *err)
{
	uint8_t mac[MAC_SIZE];
	bool good = strlen(text) == NETWORK_MAC_TEXT - 1;
	for (size_t i = 0; good && i < MAC_SIZE; i++) {
		const char *at = text + 3 * i;
		int high = hex_digit(at[0]), low = hex_digit(at[1]);
		good = high >= 0 && low >= 0 && (i + 1 == MAC_SIZE || at[2] == ':' || at[2] == '-');
		mac[i] = good ? (uint8_t)(high << 4 | low) : 0;
	}
	if (!good || mac[0] & 1)
		return err_set(err, EINVAL, "%s is not a valid mac address", text);
	memcpy(out_mac, mac, sizeof mac);
	return 0;
}

/* The same place has the same hardware address again: 02:42 and its IPv4 address. */
static void mac_make(const struct network_place *place, char out_text[NETWORK_MAC_TEXT])
{
	uint32_t number = (uint32_t)place->four.number;
	if (!address_is_set(&place->four))
		random_bytes(&number, sizeof number);
	snprintf(out_text, NETWORK_MAC_TEXT, "02:42:%02x:%02x:%02x:%02x", number >> 24, number >> 16 & 255,
		 number >> 8 & 255, number & 255);
}

/* --- addresses --- */

/* Those that wait for their flows to be forgotten become free at once. */
void forget_now(struct networks *networks)
{
	struct err ignored;
	size_t count = networks->released_count;
	if (count == 0)
		return;
	auto_free struct address *addresses = x_alloc(count * sizeof *addresses);
	for (size_t i = 0; i < count; i++)
		addresses[i] = networks->released[i].address;
	/* It only shortens what ends by itself after some time. */
	(void)!conntrack_forget(&networks->netfilter,
				&(struct conntrack_search){.addresses = addresses, .address_count = count}, &ignored);
	for (size_t i = 0; i < count; i++) {
		struct network_part *part =
		    network_part(networks->released[i].network, addresses[i].bits, &addresses[i]);
		lease_give(&part->leases, &addresses[i]);
	}
	networks->released_count = 0;
	loop_timer_stop(&networks->forget);
}

static void forget_due(struct loop_timer *timer)
{
	forget_now(container_of(timer, struct networks, forget));
}

static void address_release(struct network *network, const struct address *address, bool used)
{
	struct networks *networks = network->networks;
	if (!address_is_set(address))
		return;
	if (!used) {
		lease_give(&network_part(network, address->bits, address)->leases, address);
		return;
	}
	size_t count = networks->released_count;
	if ((count & (count - 1)) == 0)
		networks->released =
		    x_realloc(networks->released, (count ? 2 * count : 1) * sizeof *networks->released);
	networks->released[networks->released_count++] = (struct released){network, *address};
	if (!networks->forget.loop)
		loop_timer_start(networks->loop, &networks->forget, FORGET_DELAY_NS, forget_due);
}

static int lease_from(struct network *network, uint8_t bits, const struct address *wanted, struct address *out_address,
		      struct err *err)
{
	struct network_part *part = network_part(network, bits, address_is_set(wanted) ? wanted : NULL);
	char text[ADDRESS_TEXT];
	address_text(wanted, text);
	if (!part)
		return err_set(err, EINVAL, "no configured subnet or ip-range contain the IP address %s", text);
	if (!address_is_set(wanted))
		return lease_take_lowest(&part->leases, out_address, err);
	int result = lease_take(&part->leases, wanted, err);
	if (result == 0)
		*out_address = *wanted;
	return result;
}

/* An address that was released a moment ago may be the one. */
static int address_take(struct network *network, uint8_t bits, const struct address *wanted,
			struct address *out_address, struct err *err)
{
	int result = lease_from(network, bits, wanted, out_address, err);
	if (result < 0 && network->networks->released_count) {
		forget_now(network->networks);
		result = lease_from(network, bits, wanted, out_address, err);
	}
	return result == -EEXIST ? err_set(err, EPERM, "Address already in use") : result;
}

int network_request_check(const struct network *network, const struct network_request *request, struct err *err)
{
	uint8_t mac[MAC_SIZE];
	const struct address *addresses[] = {&request->four, &request->six};
	if (!text_empty(request->mac) && mac_parse(request->mac, mac, err) < 0)
		return -err->code;
	for (size_t i = 0; i < array_size(addresses); i++) {
		char text[ADDRESS_TEXT];
		address_text(addresses[i], text);
		if (address_is_set(addresses[i]) &&
		    !network_part((struct network *)network, addresses[i]->bits, addresses[i]))
			return err_set(err, EINVAL, "no configured subnet or ip-range contain the IP address %s", text);
	}
	if (request->more_count > ENDPOINT_MORE_MAX)
		return err_set(err, EINVAL, "more than %d link-local addresses", ENDPOINT_MORE_MAX);
	for (size_t i = 0; i < request->more_count; i++) {
		char text[ADDRESS_TEXT];
		address_text(&request->more[i], text);
		if (!address_is_link_local(&request->more[i]))
			return err_set(err, EINVAL, "invalid link-local IP address: %s", text);
	}
	if (!text_empty(request->device) && (strlen(request->device) >= IFNAMSIZ || strpbrk(request->device, "/ :%")))
		return err_set(err, EINVAL, "invalid interface name: %s", request->device);
	return 0;
}

/* --- one endpoint --- */

void endpoint_free(struct network_endpoint *endpoint)
{
	free((void *)endpoint->more);
	free(endpoint);
}

void endpoint_source(const struct network_endpoint *endpoint, struct address *addresses, struct nft_source *out_source)
{
	struct err ignored;
	size_t count = 0;
	if (address_is_set(&endpoint->place.four))
		addresses[count++] = endpoint->place.four;
	if (address_is_set(&endpoint->place.six))
		addresses[count++] = endpoint->place.six;
	for (size_t i = 0; i < endpoint->more_count; i++)
		addresses[count++] = endpoint->more[i];
	*out_source = (struct nft_source){.port = endpoint->place.port, .addresses = addresses, .count = count};
	(void)!mac_parse(endpoint->place.mac, out_source->mac, &ignored);
}

static void endpoint_link(struct network_endpoint *endpoint)
{
	endpoint->next = endpoint->network->endpoints;
	endpoint->network->endpoints = endpoint;
}

static void endpoint_unlink(struct network_endpoint *endpoint)
{
	struct network_endpoint **link = &endpoint->network->endpoints;
	while (*link && *link != endpoint)
		link = &(*link)->next;
	if (*link)
		*link = endpoint->next;
}

/* Gives back what it has, and frees it. used: somebody may have seen packets of it. */
static void endpoint_drop(struct network_endpoint *endpoint, bool used)
{
	endpoint_unlink(endpoint);
	address_release(endpoint->network, &endpoint->place.four, used);
	address_release(endpoint->network, &endpoint->place.six, used);
	endpoint_free(endpoint);
}

static int addresses_take(struct network_endpoint *endpoint, const struct network_request *request, struct err *err)
{
	struct network *network = endpoint->network;
	struct network_place *place = &endpoint->place;
	if (network->four && address_take(network, 32, &request->four, &place->four, err) < 0)
		return -err->code;
	if (network->six && address_take(network, 128, &request->six, &place->six, err) < 0)
		return -err->code;
	if (network->four) {
		const struct network_part *part = network_part(network, 32, &place->four);
		place->prefix_four = part->subnet.prefix;
		place->gateway_four = part->gateway;
	}
	if (network->six) {
		const struct network_part *part = network_part(network, 128, &place->six);
		place->prefix_six = part->subnet.prefix;
		place->gateway_six = part->gateway;
	}
	return 0;
}

static int device_choose(const struct network *network, struct netlink *inside, const char *wanted,
			 char out_device[IFNAMSIZ], struct err *err)
{
	for (int i = 0; i < DEVICES_MAX; i++) {
		struct link_info link;
		char name[IFNAMSIZ];
		if (text_empty(wanted))
			snprintf(name, sizeof name, "%.11s%u", network->options.prefix, (uint8_t)i);
		else
			snprintf(name, sizeof name, "%.15s", wanted);
		if (link_find(inside, name, &link, err) < 0)
			return -err->code;
		if (!link.index) {
			memcpy(out_device, name, sizeof name);
			return 0;
		}
		if (!text_empty(wanted))
			break;
	}
	return err_set(err, EEXIST, "the container has a device %s already",
		       text_empty(wanted) ? "of every name" : wanted);
}

/* "net.ipv4.conf.IFNAME.forwarding=1,net.ipv6..." for this device. */
static int sysctls_write(const struct network_endpoint *endpoint, int namespace_fd, const char *sysctls,
			 struct err *err)
{
	auto_strv char **settings = strv_split(sysctls, ',');
	for (char **setting = settings; *setting; setting++) {
		char *value = strchr(*setting, '='), *device = strstr(*setting, ".IFNAME.");
		const char *family = text_after(*setting, "net.");
		if (!value || !device || device > value || !family || strchr(*setting, '/'))
			return err_set(err, EINVAL,
				       "unrecognised network interface sysctl '%s'; represent 'net.X.Y.ethN.Z=V' as "
				       "'net.X.Y.IFNAME.Z=V'",
				       *setting);
		*value++ = 0;
		*device = 0;
		char *field = device + strlen(".IFNAME.");
		auto_free char *front = x_strdup(family);
		for (char *at = front; *at; at++)
			*at = *at == '.' ? '/' : *at;
		auto_free char *name = x_printf("%s/%s/%s", front, endpoint->place.device, field);
		if (sandbox_sysctl(&endpoint->network->networks->home, namespace_fd, name, value, err) < 0)
			return err_wrap(err, "sysctl %s", *setting);
	}
	return 0;
}

static bool has_six(const struct network_endpoint *endpoint)
{
	bool six = address_is_set(&endpoint->place.six);
	for (size_t i = 0; i < endpoint->more_count; i++)
		six |= endpoint->more[i].bits == 128;
	return six;
}

/* Inside: IPv6 where it is wanted, addresses, up. */
static int device_configure(const struct network_endpoint *endpoint, int namespace_fd, struct netlink *inside,
			    struct err *err)
{
	const struct network_place *place = &endpoint->place;
	auto_batch batch = NETLINK_BATCH_INIT;
	struct link_info link;
	if (link_find(inside, place->device, &link, err) < 0)
		return -err->code;
	if (has_six(endpoint)) {
		char name[64];
		snprintf(name, sizeof name, "ipv6/conf/%s/disable_ipv6", place->device);
		if (sandbox_sysctl(&endpoint->network->networks->home, namespace_fd, name, "0", err) < 0)
			return -err->code;
	}
	link_put_up(&batch, link.index);
	if (address_is_set(&place->four))
		link_put_address(&batch, link.index, &(struct subnet){place->four, place->prefix_four});
	if (address_is_set(&place->six))
		link_put_address(&batch, link.index, &(struct subnet){place->six, place->prefix_six});
	for (size_t i = 0; i < endpoint->more_count; i++) {
		const struct address *address = &endpoint->more[i];
		link_put_address(&batch, link.index, &(struct subnet){*address, address->bits == 32 ? 16 : 64});
	}
	return netlink_send(inside, &batch, err);
}

static int source_allow(const struct network_endpoint *endpoint, struct err *err)
{
	struct address addresses[ENDPOINT_ADDRESSES_MAX];
	struct nft_source source;
	if (!endpoint->place.port || !endpoint->network->options.source_filter)
		return 0;
	endpoint_source(endpoint, addresses, &source);
	return rules_add(endpoint->network->networks, &(struct nft_change){.sources = &source, .source_count = 1}, err);
}

static void source_forbid(const struct network_endpoint *endpoint)
{
	struct address addresses[ENDPOINT_ADDRESSES_MAX];
	struct nft_source source;
	if (!endpoint->place.port || !endpoint->network->options.source_filter)
		return;
	endpoint_source(endpoint, addresses, &source);
	rules_remove(endpoint->network->networks, &(struct nft_change){.sources = &source, .source_count = 1});
}

/* Takes the device out of the namespace, also one that is half-made. */
static void device_remove(const struct network_endpoint *endpoint, struct netlink *inside)
{
	struct link_info link;
	struct err ignored;
	if (endpoint->place.device[0] && link_find(inside, endpoint->place.device, &link, &ignored) == 0 && link.index)
		(void)!link_delete(inside, link.index, &ignored);
}

static struct network_endpoint *endpoint_new(struct network *network, const struct network_request *request)
{
	struct network_endpoint *endpoint = x_alloc(sizeof *endpoint);
	struct address *more = x_alloc((request->more_count + 1) * sizeof *more);
	endpoint->network = network;
	endpoint->place.priority = request->priority;
	for (size_t i = 0; i < request->more_count; i++)
		more[i] = request->more[i];
	endpoint->more = more;
	endpoint->more_count = request->more_count;
	return endpoint;
}

static int endpoint_build(struct network_endpoint *endpoint, const struct network_request *request, int namespace_fd,
			  struct netlink *inside, struct err *err)
{
	struct network *network = endpoint->network;
	struct network_place *place = &endpoint->place;
	if (network_request_check(network, request, err) < 0 || addresses_take(endpoint, request, err) < 0)
		return -err->code;
	if (text_empty(request->mac))
		mac_make(place, place->mac);
	else
		snprintf(place->mac, sizeof place->mac, "%.17s", request->mac);
	char device[IFNAMSIZ] = "";
	if (device_choose(network, inside, request->device, device, err) < 0)
		return -err->code;
	memcpy(place->device, device, sizeof device); /* from here on it is ours to remove */
	int result = network->driver->join(network, endpoint, namespace_fd, err);
	if (result == 0)
		result = device_configure(endpoint, namespace_fd, inside, err);
	if (result == 0 && network->driver->joined)
		result = network->driver->joined(network, endpoint, err);
	if (result == 0 && !text_empty(request->sysctls))
		result = sysctls_write(endpoint, namespace_fd, request->sysctls, err);
	if (result == 0)
		result = source_allow(endpoint, err);
	if (result < 0)
		device_remove(endpoint, inside);
	return result;
}

static int attach_inside(struct network *network, const struct network_request *request, int namespace_fd,
			 struct netlink *inside, struct network_endpoint **out_endpoint, struct err *err)
{
	if (network_up(network, err) < 0 || (network->driver->rules && rules_up(network->networks, err) < 0))
		return -err->code;
	struct network_endpoint *endpoint = endpoint_new(network, request);
	endpoint_link(endpoint);
	int result = endpoint_build(endpoint, request, namespace_fd, inside, err);
	if (result < 0)
		endpoint_drop(endpoint, false);
	else
		*out_endpoint = endpoint;
	return result;
}

int network_attach(struct network *network, const struct network_request *request, int namespace_fd,
		   struct network_endpoint **out_endpoint, struct err *err)
{
	auto_netlink inside = {.fd = -1};
	if (sandbox_netlink(&network->networks->home, namespace_fd, NETLINK_ROUTE, &inside, err) < 0)
		return -err->code;
	return attach_inside(network, request, namespace_fd, &inside, out_endpoint, err);
}

int network_sandbox(struct networks *networks, int *out_namespace, struct err *err)
{
	auto_netlink inside = {.fd = -1};
	return sandbox_make(&networks->home, out_namespace, &inside, err);
}

/* --- the default route --- */

static bool leads_out(const struct network_endpoint *endpoint, uint8_t bits)
{
	const struct network_place *place = &endpoint->place;
	const struct network *network = endpoint->network;
	bool device = network->driver == &driver_ipvlan && !text_equal(network->options.ipvlan_mode, "") &&
		      !text_equal(network->options.ipvlan_mode, "l2");
	const struct address *gateway = bits == 32 ? &place->gateway_four : &place->gateway_six;
	const struct address *own = bits == 32 ? &place->four : &place->six;
	return !network->internal && address_is_set(own) && (device || address_is_set(gateway));
}

struct network_endpoint *network_choose_gateway(struct network_endpoint *const *endpoints, const char *const *names,
						size_t count, uint8_t bits)
{
	size_t best = count;
	for (size_t i = 0; i < count; i++) {
		if (!endpoints[i] || !leads_out(endpoints[i], bits))
			continue;
		int64_t more = best == count ? 1 : endpoints[i]->place.priority - endpoints[best]->place.priority;
		if (more > 0 || (more == 0 && strcmp(names[i], names[best]) < 0))
			best = i;
	}
	return best == count ? NULL : endpoints[best];
}

static int route_set(struct netlink *inside, const struct network_endpoint *endpoint, uint8_t bits, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct link_info link;
	if (!endpoint)
		return link_delete_default(inside, bits, err);
	const struct network_place *place = &endpoint->place;
	const struct address *gateway = bits == 32 ? &place->gateway_four : &place->gateway_six;
	const char *mode = endpoint->network->options.ipvlan_mode;
	bool device =
	    endpoint->network->driver == &driver_ipvlan && (text_equal(mode, "l3") || text_equal(mode, "l3s"));
	if (link_find(inside, place->device, &link, err) < 0)
		return -err->code;
	if (device)
		link_put_default_device(&batch, link.index, bits);
	else
		link_put_default(&batch, link.index, gateway);
	return netlink_send(inside, &batch, err);
}

/* IPv6 has several default routes side by side: the old one goes first. */
static int routes_set(struct netlink *inside, const struct network_endpoint *four, const struct network_endpoint *six,
		      bool fresh, struct err *err)
{
	if (!fresh && link_delete_default(inside, 128, err) < 0)
		return -err->code;
	if ((four || !fresh) && route_set(inside, four, 32, err) < 0)
		return -err->code;
	return six ? route_set(inside, six, 128, err) : 0;
}

int network_set_gateway(struct networks *networks, int namespace_fd, const struct network_endpoint *four,
			const struct network_endpoint *six, struct err *err)
{
	auto_netlink inside = {.fd = -1};
	if (sandbox_netlink(&networks->home, namespace_fd, NETLINK_ROUTE, &inside, err) < 0)
		return -err->code;
	return routes_set(&inside, four, six, false, err);
}

/* --- the first endpoint, and the pool --- */

static int make_first(struct network *network, const struct network_request *request, struct ready_sandbox *out_sandbox,
		      struct err *err)
{
	auto_netlink inside = {.fd = -1};
	auto_fd int namespace_fd = -1;
	struct network_endpoint *endpoint;
	if (sandbox_make(&network->networks->home, &namespace_fd, &inside, err) < 0 ||
	    attach_inside(network, request, namespace_fd, &inside, &endpoint, err) < 0)
		return -err->code;
	if (routes_set(&inside, leads_out(endpoint, 32) ? endpoint : NULL, leads_out(endpoint, 128) ? endpoint : NULL,
		       true, err) < 0) {
		source_forbid(endpoint);
		endpoint_drop(endpoint, false); /* the device ends with the namespace */
		return -err->code;
	}
	*out_sandbox = (struct ready_sandbox){take_fd(&namespace_fd), endpoint};
	return 0;
}

static struct network *standard_network(const struct networks *networks)
{
	struct network *network = networks->first;
	while (network && !network->standard)
		network = network->next;
	return network;
}

/* One per turn, so that the loop goes on in between. A failure is told by the attach that comes next. */
static void fill(struct loop_timer *timer)
{
	struct networks *networks = container_of(timer, struct networks, fill);
	struct network *network = standard_network(networks);
	struct ready_sandbox *place = &networks->ready[networks->ready_count];
	struct err ignored;
	if (!network || networks->ready_count >= networks->ready_max ||
	    make_first(network, &(struct network_request){0}, place, &ignored) < 0)
		return;
	place->endpoint->ready = true;
	networks->ready_count++;
	pool_fill_later(networks);
}

void pool_fill_later(struct networks *networks)
{
	if (networks->ready_count < networks->ready_max)
		loop_timer_start(networks->loop, &networks->fill, FILL_DELAY_NS, fill);
}

void pool_drop(struct networks *networks, const struct network *network)
{
	size_t kept = 0;
	for (size_t i = 0; i < networks->ready_count; i++) {
		struct ready_sandbox *ready = &networks->ready[i];
		if (network && ready->endpoint->network != network) {
			networks->ready[kept++] = *ready;
			continue;
		}
		close(ready->namespace_fd);
		source_forbid(ready->endpoint);
		endpoint_drop(ready->endpoint, false);
	}
	networks->ready_count = kept;
}

static bool asks_for_nothing(const struct network_request *request)
{
	return !address_is_set(&request->four) && !address_is_set(&request->six) && text_empty(request->mac) &&
	       text_empty(request->device) && request->more_count == 0 && text_empty(request->sysctls);
}

int network_attach_first(struct network *network, const struct network_request *request, int *out_namespace,
			 struct network_endpoint **out_endpoint, struct err *err)
{
	struct networks *networks = network->networks;
	struct ready_sandbox sandbox;
	bool pooled = network->standard && networks->ready_count && asks_for_nothing(request);
	/* Without its devices what is in the pool leads nowhere. */
	if (pooled && (network_up(network, err) < 0 || rules_up(networks, err) < 0))
		return -err->code;
	if (pooled) {
		sandbox = networks->ready[0];
		sandbox.endpoint->ready = false;
		sandbox.endpoint->place.priority = request->priority;
		networks->ready_count--;
		memmove(networks->ready, networks->ready + 1, networks->ready_count * sizeof *networks->ready);
	} else if (make_first(network, request, &sandbox, err) < 0) {
		return err_wrap(err, "%s", network->name);
	}
	if (network->standard)
		pool_fill_later(networks);
	*out_namespace = sandbox.namespace_fd;
	*out_endpoint = sandbox.endpoint;
	return 0;
}

/* --- the end, and taking up again --- */

void network_detach(struct network_endpoint *endpoint, int namespace_fd)
{
	auto_netlink inside = {.fd = -1};
	struct err ignored;
	if (!endpoint)
		return;
	if (namespace_fd >= 0 &&
	    sandbox_netlink(&endpoint->network->networks->home, namespace_fd, NETLINK_ROUTE, &inside, &ignored) == 0)
		device_remove(endpoint, &inside);
	source_forbid(endpoint);
	endpoint_drop(endpoint, true);
}

static int address_adopt(struct network *network, const struct address *address, struct err *err)
{
	char text[ADDRESS_TEXT];
	if (!address_is_set(address))
		return 0;
	struct network_part *part = network_part(network, address->bits, address);
	if (part)
		return lease_take(&part->leases, address, err);
	address_text(address, text);
	return err_set(err, EINVAL, "%s is not an address of network %s", text, network->name);
}

int network_adopt(struct network *network, const struct network_place *place, struct network_endpoint **out_endpoint,
		  struct err *err)
{
	struct network_endpoint *endpoint = endpoint_new(network, &(struct network_request){0});
	int result = address_adopt(network, &place->four, err);
	if (result == 0) {
		endpoint->place.four = place->four; /* taken: given back if the rest fails */
		result = address_adopt(network, &place->six, err);
	}
	if (result < 0) {
		endpoint_drop(endpoint, false);
		return result;
	}
	endpoint->place = *place;
	endpoint_link(endpoint);
	*out_endpoint = endpoint;
	return 0;
}

/* --- the resolver's sockets --- */

struct resolver_sockets {
	int udp, tcp;
	uint16_t udp_port, tcp_port;
};

static int socket_bind(int type, int *out_fd, uint16_t *out_port, struct err *err)
{
	enum { BACKLOG = 32 };
	auto_fd int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f00000b)};
	socklen_t size = sizeof address;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) < 0) || getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return err_sys(err, "a socket for the resolver");
	*out_port = ntohs(address.sin_port);
	*out_fd = take_fd(&fd);
	return 0;
}

static int sockets_open(void *cookie, struct err *err)
{
	struct resolver_sockets *sockets = cookie;
	auto_netlink netfilter = {.fd = -1};
	auto_fd int udp = -1, tcp = -1;
	if (socket_bind(SOCK_DGRAM, &udp, &sockets->udp_port, err) < 0 ||
	    socket_bind(SOCK_STREAM, &tcp, &sockets->tcp_port, err) < 0 ||
	    netlink_open(NETLINK_NETFILTER, &netfilter, err) < 0 ||
	    nft_resolver(&netfilter, sockets->udp_port, sockets->tcp_port, err) < 0)
		return -err->code;
	sockets->udp = take_fd(&udp);
	sockets->tcp = take_fd(&tcp);
	return 0;
}

int network_resolver_sockets(struct networks *networks, int namespace_fd, int *out_udp, int *out_tcp, struct err *err)
{
	struct resolver_sockets sockets = {-1, -1, 0, 0};
	if (sandbox_call(&networks->home, namespace_fd, sockets_open, &sockets, err) < 0)
		return -err->code;
	*out_udp = sockets.udp;
	*out_tcp = sockets.tcp;
	return 0;
}
