/*
 * macvlan and ipvlan: endpoints are devices of their own on a wire of the host. Without a parent it is a dummy device,
 * and the network is internal. A parent "eth0.50" that is not there is made: VLAN 50 of eth0.
 */
#include "network/network_state.h"

#include "base/random.h"
#include "base/text.h"

#include <linux/if_link.h>
#include <string.h>

struct word {
	const char *word;
	uint32_t value;
};
static const struct word macvlan_modes[] = {{"", MACVLAN_MODE_BRIDGE},		 {"bridge", MACVLAN_MODE_BRIDGE},
					    {"private", MACVLAN_MODE_PRIVATE},	 {"vepa", MACVLAN_MODE_VEPA},
					    {"passthru", MACVLAN_MODE_PASSTHRU}, {NULL, 0}};
static const struct word ipvlan_modes[] = {
    {"", IPVLAN_MODE_L2}, {"l2", IPVLAN_MODE_L2}, {"l3", IPVLAN_MODE_L3}, {"l3s", IPVLAN_MODE_L3S}, {NULL, 0}};
static const struct word ipvlan_flags[] = {
    {"", 0}, {"bridge", 0}, {"private", IPVLAN_F_PRIVATE}, {"vepa", IPVLAN_F_VEPA}, {NULL, 0}};

static int word_read(const struct word *words, const char *text, const char *what, uint32_t *out_value, struct err *err)
{
	for (; words->word; words++) {
		if (text_equal(words->word, text)) {
			*out_value = words->value;
			return 0;
		}
	}
	return err_set(err, EINVAL, "requested %s '%s' is not valid", what, text);
}

static bool is_ipvlan(const struct network *network)
{
	return network->driver == &driver_ipvlan;
}

static int child_options(const struct network *network, struct link_child *child, struct err *err)
{
	const struct network_options *options = &network->options;
	child->kind = network->driver->name;
	child->mtu = (uint32_t)options->mtu;
	if (!is_ipvlan(network))
		return word_read(macvlan_modes, options->macvlan_mode, "macvlan mode", &child->mode, err);
	if (word_read(ipvlan_modes, options->ipvlan_mode, "ipvlan mode", &child->mode, err) < 0)
		return -err->code;
	return word_read(ipvlan_flags, options->ipvlan_flag, "ipvlan flag", &child->flags, err);
}

static int vlan_check(struct network *network, struct err *err)
{
	struct link_child ignored = {0};
	const char *parent = network->options.parent;
	if (child_options(network, &ignored, err) < 0)
		return -err->code;
	if (text_equal(parent, "lo"))
		return err_set(err, EIO, "loopback interface is not a valid %s parent link", network->driver->name);
	if (strlen(parent) >= IFNAMSIZ || strpbrk(parent, "/ \t\r\n:%"))
		return err_set(err, EINVAL, "parent: \"%s\" is not the name of a network device", parent);
	if (*parent) {
		snprintf(network->device, sizeof network->device, "%.15s", parent);
	} else {
		snprintf(network->device, sizeof network->device, "dm-%.12s", network->id);
		network->internal = true;
	}
	return 0;
}

/* "eth0.50" taken apart. */
static int parent_make(struct network *network, const char *mark, struct err *err)
{
	enum { VLAN_MAX = 4094 };
	struct netlink *route = &network->networks->route;
	const char *name = network->device, *dot = strrchr(name, '.');
	struct link_info base = {0};
	int64_t vlan;
	struct err ignored;
	if (!network->options.parent[0])
		return link_make_dummy(route, name, mark, err);
	if (!dot || number_parse(dot + 1, 1, VLAN_MAX, "vlan", &vlan, &ignored) < 0)
		return err_set(err, EIO, "invalid subinterface vlan name %s, example formatting is eth0.10", name);
	auto_free char *front = x_strndup(name, (size_t)(dot - name));
	if (link_find(route, front, &base, err) < 0)
		return -err->code;
	if (!base.index)
		return err_set(err, EIO, "failed to find master interface %s on the Docker host", front);
	return link_make_vlan(route, name, base.index, (uint16_t)vlan, mark, err);
}

/* Whether this kernel makes such devices, tried on the parent itself, where an other kind may be in the way. */
static int kind_probe(struct network *network, struct err *err)
{
	struct networks *networks = network->networks;
	auto_netlink inside = {.fd = -1};
	auto_fd int namespace_fd = -1;
	struct link_child child = {.parent = network->index, .inside = "probe"};
	if (child_options(network, &child, err) < 0 || sandbox_make(&networks->home, &namespace_fd, &inside, err) < 0)
		return -err->code;
	child.namespace_fd = namespace_fd;
	int result = link_make_child(&networks->route, &child, err);
	return result == -EOPNOTSUPP ? err_set(err, EOPNOTSUPP, "this kernel has no %s", network->driver->name)
				     : result;
}

static int vlan_up(struct network *network, struct err *err)
{
	struct netlink *route = &network->networks->route;
	struct link_info link;
	char mark[LINK_MARK_MAX];
	snprintf(mark, sizeof mark, "tug:%s", network->networks->table);
	if (link_find(route, network->device, &link, err) < 0)
		return -err->code;
	if (!link.index && (parent_make(network, mark, err) < 0 || link_find(route, network->device, &link, err) < 0))
		return -err->code;
	if (!link.up && link_set_up(route, link.index, err) < 0)
		return err_wrap(err, "%s", network->device);
	network->index = link.index;
	return network->endpoints ? 0 : kind_probe(network, err);
}

static void vlan_down(struct network *network)
{
	struct netlink *route = &network->networks->route;
	struct link_info link;
	struct err ignored;
	char mark[LINK_MARK_MAX];
	for (const struct network *at = network->networks->first; at; at = at->next) {
		if (at != network && text_equal(at->device, network->device))
			return; /* another network has the same parent */
	}
	snprintf(mark, sizeof mark, "tug:%s", network->networks->table);
	if (link_find(route, network->device, &link, &ignored) == 0 && link.index && text_equal(link.mark, mark))
		(void)!link_delete(route, link.index, &ignored);
}

static int vlan_join(struct network *network, struct network_endpoint *endpoint, int namespace_fd, struct err *err)
{
	uint8_t mac[MAC_SIZE];
	struct link_child child = {
	    .parent = network->index, .namespace_fd = namespace_fd, .inside = endpoint->place.device};
	if (child_options(network, &child, err) < 0 || mac_parse(endpoint->place.mac, mac, err) < 0)
		return -err->code;
	if (!is_ipvlan(network))
		child.mac = mac;
	return link_make_child(&network->networks->route, &child, err);
}

const struct network_driver driver_macvlan = {
    .name = "macvlan",
    .addresses = true,
    .many = true,
    .check = vlan_check,
    .up = vlan_up,
    .down = vlan_down,
    .join = vlan_join,
};

const struct network_driver driver_ipvlan = {
    .name = "ipvlan",
    .addresses = true,
    .many = true,
    .check = vlan_check,
    .up = vlan_up,
    .down = vlan_down,
    .join = vlan_join,
};
