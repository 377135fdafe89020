/* Published ports of containers. */
#include "network/conntrack.h"
#include "network/network_state.h"

#include "base/text.h"

#include <netinet/in.h>
#include <string.h>

static uint8_t protocol_number(enum port_protocol protocol)
{
	static const uint8_t numbers[] = {
	    [PORT_TCP] = IPPROTO_TCP, [PORT_UDP] = IPPROTO_UDP, [PORT_SCTP] = IPPROTO_SCTP};
	return numbers[protocol];
}

static const struct network_endpoint *endpoint_of(const struct network_ports *ports, uint8_t bits)
{
	return bits == 32 ? ports->four : ports->six;
}

size_t ports_elements(const struct network_ports *ports, struct nft_port *elements)
{
	size_t count = 0;
	for (size_t i = 0; i < ports->count; i++) {
		const struct network_binding *binding = &ports->bindings[i];
		const struct network_endpoint *endpoint = endpoint_of(ports, binding->host.bits);
		if (!endpoint || !endpoint->network->driver->rules || endpoint->network->internal)
			continue;
		elements[count++] = (struct nft_port){
		    .protocol = protocol_number(binding->container.protocol),
		    .host = binding->host,
		    .host_port = binding->host_port,
		    .address = binding->host.bits == 32 ? endpoint->place.four : endpoint->place.six,
		    .port = binding->container.number,
		    .open = binding->host_port == 0,
		};
	}
	return count;
}

void ports_free(struct network_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		cleanup_fd(&ports->reserved[i]);
	free(ports->bindings);
	free(ports->reserved);
	free(ports);
}

static struct port_entry entry_of(const struct network_binding *binding)
{
	return (struct port_entry){
	    .protocol = binding->container.protocol, .host = binding->host, .port = binding->host_port};
}

static void numbers_release(struct network_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		struct port_entry entry = entry_of(&ports->bindings[i]);
		if (entry.port)
			port_release(&ports->networks->ports, &entry);
	}
}

/* A sender that goes on sending keeps its old translation alive. */
static void forget_udp(const struct network_ports *ports)
{
	size_t count = 0;
	struct err ignored;
	auto_free uint16_t *numbers = x_alloc((ports->count + 1) * sizeof *numbers);
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->bindings[i].container.protocol == PORT_UDP)
			numbers[count++] = ports->bindings[i].host_port;
	}
	/* It only shortens what ends by itself after some time. */
	if (count)
		(void)!conntrack_forget(&ports->networks->netfilter,
					&(struct conntrack_search){.ports = numbers, .port_count = count}, &ignored);
}

/* --- choosing --- */

static int64_t mode_of(const struct network_endpoint *endpoint, uint8_t bits)
{
	return bits == 32 ? endpoint->network->options.mode_four : endpoint->network->options.mode_six;
}

static bool translates(const struct network_endpoint *endpoint, uint8_t bits)
{
	return endpoint && mode_of(endpoint, bits) != NFT_ROUTED;
}

/* The addresses of the host for one request: the one that is named, or any of both families. */
static int hosts_choose(const struct network_ports *ports, const struct network_publish *request,
			struct port_wish *wish, struct err *err)
{
	struct address host;
	struct err ignored;
	if (!text_empty(request->host_ip)) {
		if (address_parse(request->host_ip, &host, &ignored) < 0)
			return err_set(err, EINVAL, "invalid IP address: %s", request->host_ip);
		if (host.bits == 128 && !ports->six)
			return err_set(err, EINVAL,
				       "cannot publish a port on [%s]: none of the container's networks has IPv6",
				       request->host_ip);
		if (host.bits == 128 && address_is_loopback(&host))
			return err_set(err, EOPNOTSUPP,
				       "cannot publish a port on [::1]: the kernel translates no packet from that "
				       "address; use 127.0.0.1");
		if (translates(endpoint_of(ports, host.bits), host.bits))
			wish->hosts[wish->host_count++] = host;
		return 0;
	}
	const struct network_options *options = ports->four ? &ports->four->network->options : NULL;
	bool named = options && address_is_set(&options->host_binding);
	if (translates(ports->four, 32))
		wish->hosts[wish->host_count++] = named ? options->host_binding : ports->networks->publish_ip;
	if (translates(ports->six, 128) && address_is_any(&ports->networks->publish_ip))
		wish->hosts[wish->host_count++] = (struct address){.bits = 128};
	return 0;
}

static void binding_add(struct network_ports *ports, const struct network_publish *request, struct address host,
			uint16_t number, int socket)
{
	ports->reserved[ports->count] = socket;
	ports->bindings[ports->count++] =
	    (struct network_binding){.container = request->container, .host = host, .host_port = number};
}

static int request_reserve(struct network_ports *ports, const struct network_publish *request, struct err *err)
{
	static const uint8_t families[] = {32, 128};
	struct port_wish wish = {
	    .protocol = request->container.protocol, .first = request->first, .last = request->last};
	int sockets[PORT_HOSTS_MAX] = {-1, -1};
	uint16_t number = 0;
	if (hosts_choose(ports, request, &wish, err) < 0 ||
	    (wish.host_count && port_reserve(&ports->networks->ports, &wish, &number, sockets, err) < 0))
		return -err->code;
	for (size_t i = 0; i < wish.host_count; i++)
		binding_add(ports, request, wish.hosts[i], number, sockets[i]);
	for (size_t i = 0; i < array_size(families); i++) { /* open where nothing is translated */
		const struct network_endpoint *endpoint = endpoint_of(ports, families[i]);
		if (endpoint && !translates(endpoint, families[i]))
			binding_add(ports, request, (struct address){.bits = families[i]}, 0, -1);
	}
	return 0;
}

/* --- publishing --- */

static struct network_ports *ports_new(struct networks *networks, const struct network_endpoint *four,
				       const struct network_endpoint *six, size_t room)
{
	struct network_ports *ports = x_alloc(sizeof *ports);
	ports->networks = networks;
	ports->four = four;
	ports->six = six;
	ports->bindings = x_alloc((room + 1) * sizeof *ports->bindings);
	ports->reserved = x_alloc((room + 1) * sizeof *ports->reserved);
	return ports;
}

static void ports_link(struct network_ports *ports)
{
	ports->next = ports->networks->published;
	ports->networks->published = ports;
}

static void ports_unlink(struct network_ports *ports)
{
	struct network_ports **link = &ports->networks->published;
	while (*link && *link != ports)
		link = &(*link)->next;
	if (*link)
		*link = ports->next;
}

static int elements_add(const struct network_ports *ports, struct err *err)
{
	auto_free struct nft_port *elements = x_alloc((ports->count + 1) * sizeof *elements);
	struct nft_change change = {.ports = elements, .port_count = ports_elements(ports, elements)};
	return change.port_count ? rules_add(ports->networks, &change, err) : 0;
}

static void elements_remove(const struct network_ports *ports)
{
	auto_free struct nft_port *elements = x_alloc((ports->count + 1) * sizeof *elements);
	struct nft_change change = {.ports = elements, .port_count = ports_elements(ports, elements)};
	if (change.port_count)
		rules_remove(ports->networks, &change);
}

int network_publish(struct networks *networks, const struct network_endpoint *four, const struct network_endpoint *six,
		    const struct network_publish *requests, size_t count, struct network_ports **out_ports,
		    struct err *err)
{
	struct network_ports *ports = ports_new(networks, four, six, 2 * count);
	int result = 0;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = request_reserve(ports, &requests[i], err);
	ports_link(ports);
	if (result == 0)
		result = elements_add(ports, err);
	if (result < 0) {
		ports_unlink(ports);
		numbers_release(ports);
		ports_free(ports);
		return result;
	}
	forget_udp(ports);
	*out_ports = ports;
	return 0;
}

int network_ports_lead(struct network_ports *ports, const struct network_endpoint *four,
		       const struct network_endpoint *six, struct err *err)
{
	if (ports->four == four && ports->six == six)
		return 0;
	elements_remove(ports);
	ports->four = four;
	ports->six = six;
	forget_udp(ports);
	return elements_add(ports, err);
}

void network_unpublish(struct network_ports *ports)
{
	if (!ports)
		return;
	elements_remove(ports);
	ports_unlink(ports);
	forget_udp(ports);
	numbers_release(ports);
	ports_free(ports);
}

int network_adopt_ports(struct networks *networks, const struct network_endpoint *four,
			const struct network_endpoint *six, const struct network_binding *bindings, size_t count,
			struct network_ports **out_ports, struct err *err)
{
	struct network_ports *ports = ports_new(networks, four, six, count);
	for (size_t i = 0; i < count; i++) {
		struct port_entry entry = entry_of(&bindings[i]);
		int socket = -1;
		if (entry.port && port_adopt(&networks->ports, &entry, &socket, err) < 0) {
			numbers_release(ports);
			ports_free(ports);
			return -err->code;
		}
		ports->reserved[ports->count] = socket;
		ports->bindings[ports->count++] = bindings[i];
	}
	ports_link(ports);
	*out_ports = ports;
	return 0;
}
