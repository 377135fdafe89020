/* A bridge of its own on the host; endpoints are pairs of devices with one end on it. */
#include "network/forwarding.h"
#include "network/link_address.h"
#include "network/network_state.h"

#include "base/random.h"
#include "base/text.h"

#include <string.h>

static int name_check(const char *name, struct err *err)
{
	size_t size = strlen(name);
	if (size >= IFNAMSIZ)
		return err_set(err, ERANGE, "numerical result out of range: \"%s\" is longer than the name of a device",
			       name);
	if (size == 0 || text_equal(name, ".") || text_equal(name, "..") || strpbrk(name, "/ \t\r\n:%"))
		return err_set(err, EINVAL, "bridge: \"%s\" is not the name of a network device", name);
	return 0;
}

static int modes_check(const struct network *network, struct err *err)
{
	const struct network_options *options = &network->options;
	bool isolated = options->mode_four == NFT_ISOLATED || options->mode_six == NFT_ISOLATED;
	if (isolated && !network->internal)
		return err_set(err, EIO, "gateway mode 'isolated' can only be used for an internal network");
	return 0;
}

static int bridge_check(struct network *network, struct err *err)
{
	if (network->options.bridge_name[0])
		snprintf(network->device, sizeof network->device, "%.15s", network->options.bridge_name);
	else
		snprintf(network->device, sizeof network->device, "br-%.12s", network->id);
	if (name_check(network->options.bridge_name[0] ? network->options.bridge_name : network->device, err) < 0 ||
	    modes_check(network, err) < 0)
		return -err->code;
	for (const struct network *at = network->networks->first; at; at = at->next) {
		if (at != network && at->driver == network->driver && text_equal(at->device, network->device))
			return err_set(err, EPERM,
				       "cannot create network %s (%s): conflicts with network %s (%s): networks have "
				       "same bridge name",
				       network->id, network->device, at->id, at->device);
	}
	return 0;
}

/* Stable for one network, so that a bridge that is made again has its address again. */
static void bridge_mac(const struct network *network, uint8_t out_mac[MAC_SIZE])
{
	uint32_t number = 0;
	for (const char *at = network->id; *at; at++)
		number = number * 31 + (uint8_t)*at;
	for (size_t i = 0; i < network->part_count; i++) {
		if (network->parts[i].subnet.address.bits == 32)
			number = (uint32_t)network->parts[i].gateway.number;
	}
	uint8_t mac[MAC_SIZE] = {
	    0x02, 0x42, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	memcpy(out_mac, mac, sizeof mac);
}

static bool has_address(const struct network *network, const struct network_part *part)
{
	bool four = part->subnet.address.bits == 32;
	int64_t mode = four ? network->options.mode_four : network->options.mode_six;
	return mode != NFT_ISOLATED && !(four && network->options.inhibit_four);
}

static int say_other_address(const struct network *network, const struct subnet *there, const struct subnet *wanted,
			     struct err *err)
{
	char first[SUBNET_TEXT], second[SUBNET_TEXT];
	subnet_text(there, first);
	subnet_text(wanted, second);
	return err_set(err, EEXIST,
		       "%s has the address %s, and its network's is %s: change bip, or stop all containers and run "
		       "tugd --purge",
		       network->device, first, second);
}

static int addresses_ensure(struct network *network, uint32_t index, struct err *err)
{
	for (size_t i = 0; i < network->part_count; i++) {
		const struct network_part *part = &network->parts[i];
		struct subnet wanted = {part->gateway, part->subnet.prefix};
		struct subnet_list there = {0};
		bool found = false;
		int result = 0;
		if (!has_address(network, part))
			continue;
		result = link_addresses(&network->networks->route, index, wanted.address.bits, &there, err);
		for (size_t k = 0; k < there.count; k++)
			found |= subnet_equal(&there.items[k], &wanted);
		if (result == 0 && !found && there.count && network->standard)
			result = say_other_address(network, &there.items[0], &wanted, err);
		if (result == 0 && !found)
			result = link_add_address(&network->networks->route, index, &wanted, err);
		subnet_list_done(&there);
		if (result < 0)
			return err_wrap(err, "%s", network->device);
	}
	return 0;
}

static int bridge_up(struct network *network, struct err *err)
{
	struct netlink *route = &network->networks->route;
	const char *name = network->device;
	struct link_info link;
	uint8_t mac[MAC_SIZE];
	char mark[LINK_MARK_MAX];
	enum { MTU_DEFAULT = 1500 };
	uint32_t mtu = network->options.mtu ? (uint32_t)network->options.mtu : MTU_DEFAULT;
	if (link_find(route, name, &link, err) < 0)
		return -err->code;
	if (link.index && !link.bridge)
		return err_set(err, EEXIST, "%s is a device of this host and not a bridge: choose another name%s", name,
			       network->standard ? " with --bridge" : "");
	if (!link.index) {
		bridge_mac(network, mac);
		snprintf(mark, sizeof mark, "tug:%s", network->networks->table);
		if (link_make_bridge(route, name, mac, mtu, mark, err) < 0 || link_find(route, name, &link, err) < 0)
			return -err->code;
	} else if (!link.up && link_set_up(route, link.index, err) < 0) {
		return err_wrap(err, "%s", name);
	}
	network->index = link.index;
	/* Without the guard in its table the bridge gets no route_localnet: that follows in rules_up. */
	if (network->six && forwarding_bridge(name, true, err) < 0)
		return -err->code;
	return addresses_ensure(network, link.index, err);
}

static void bridge_down(struct network *network)
{
	struct netlink *route = &network->networks->route;
	struct link_info link;
	struct err ignored;
	char mark[LINK_MARK_MAX];
	snprintf(mark, sizeof mark, "tug:%s", network->networks->table);
	if (link_find(route, network->device, &link, &ignored) == 0 && link.index && text_equal(link.mark, mark) &&
	    link_delete_ports(route, link.index, &ignored) == 0)
		(void)!link_delete(route, link.index, &ignored);
}

/* The name of the port is of no importance to anybody; it must only be free. */
static int bridge_join(struct network *network, struct network_endpoint *endpoint, int namespace_fd, struct err *err)
{
	enum { TRIES = 8 };
	struct netlink *route = &network->networks->route;
	uint8_t mac[MAC_SIZE];
	char name[IFNAMSIZ];
	struct link_info bridge, port;
	int result = mac_parse(endpoint->place.mac, mac, err);
	if (result == 0)
		result = link_find(route, network->device, &bridge, err);
	if (result < 0)
		return result;
	struct link_pair pair = {.name = name,
				 .bridge = network->index,
				 .mtu = bridge.mtu,
				 .namespace_fd = namespace_fd,
				 .inside = endpoint->place.device,
				 .mac = mac};
	result = -EEXIST;
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		uint32_t number;
		random_bytes(&number, sizeof number);
		snprintf(name, sizeof name, "veth%08x", number);
		result = link_make_pair(route, &pair, err);
	}
	if (result < 0 || link_find(route, name, &port, err) < 0)
		return -err->code;
	endpoint->place.port = port.index;
	return 0;
}

/* A port learns only while the other end is up. */
static int bridge_joined(struct network *network, struct network_endpoint *endpoint, struct err *err)
{
	uint8_t mac[MAC_SIZE];
	if (mac_parse(endpoint->place.mac, mac, err) < 0)
		return -err->code;
	return link_set_port(&network->networks->route, endpoint->place.port, mac, !network->options.icc, err);
}

const struct network_driver driver_bridge = {
    .name = "bridge",
    .addresses = true,
    .rules = true,
    .check = bridge_check,
    .up = bridge_up,
    .down = bridge_down,
    .join = bridge_join,
    .joined = bridge_joined,
};
