#include "network/link.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

/* --- finding --- */

struct link_row {
	uint32_t index, master, mtu;
	const char *name, *kind, *mark;
	bool up;
};

static bool read_row(const struct nlmsghdr *message, struct link_row *out_row)
{
	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return false;
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct nlattr *attributes[IFLA_IFALIAS + 1], *kinds[IFLA_INFO_KIND + 1] = {0};
	netlink_attributes(message, sizeof *link, attributes, array_size(attributes));
	if (attributes[IFLA_LINKINFO])
		netlink_nested(attributes[IFLA_LINKINFO], kinds, array_size(kinds));
	*out_row = (struct link_row){.index = (uint32_t)link->ifi_index,
				     .master = netlink_u32(attributes[IFLA_MASTER]),
				     .mtu = netlink_u32(attributes[IFLA_MTU]),
				     .kind = netlink_text(kinds[IFLA_INFO_KIND]),
				     .name = netlink_text(attributes[IFLA_IFNAME]),
				     .mark = netlink_text(attributes[IFLA_IFALIAS]),
				     .up = link->ifi_flags & IFF_UP};
	return true;
}

static int found_link(void *cookie, const struct nlmsghdr *message)
{
	struct link_info *info = cookie;
	struct link_row row;
	if (!read_row(message, &row))
		return 0;
	*info = (struct link_info){
	    .index = row.index, .mtu = row.mtu, .up = row.up, .bridge = row.kind && strcmp(row.kind, "bridge") == 0};
	if (row.mark)
		snprintf(info->mark, sizeof info->mark, "%s", row.mark);
	return 0;
}

int link_find(struct netlink *netlink, const char *name, struct link_info *out_link, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	struct link_info info = {0};
	netlink_begin(&batch, name, RTM_GETLINK, 0, &header, sizeof header);
	netlink_put_text(&batch, IFLA_IFNAME, name);
	int result = netlink_ask(netlink, &batch, found_link, &info, err);
	if (result < 0 && result != -ENODEV)
		return result;
	*out_link = info;
	return 0;
}

/* --- making --- */

static const struct ifinfomsg new_up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
enum { NEW = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK };

static void put_kind(struct netlink_batch *batch, const char *kind)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_text(batch, IFLA_INFO_KIND, kind);
	netlink_nest_end(batch, info);
}

/*
 * The alias is a second message: on creation the kernel overlooks it. Both go in one call, so that an engine that is
 * killed leaves no device without a mark. Callers have looked before that the name is free.
 */
static int make_marked(struct netlink *netlink, struct netlink_batch *batch, const char *name, const char *mark,
		       struct err *err)
{
	struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	netlink_begin(batch, "mark the device", RTM_SETLINK, NLM_F_ACK, &header, sizeof header);
	netlink_put_text(batch, IFLA_IFNAME, name);
	netlink_put_text(batch, IFLA_IFALIAS, mark);
	return netlink_send(netlink, batch, err) < 0 ? err_wrap(err, "%s", name) : 0;
}

int link_make_bridge(struct netlink *netlink, const char *name, const uint8_t mac[MAC_SIZE], uint32_t mtu,
		     const char *mark, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	netlink_begin(&batch, "make the bridge", RTM_NEWLINK, NEW, &new_up, sizeof new_up);
	netlink_put_text(&batch, IFLA_IFNAME, name);
	/* An address of its own: otherwise it would change with the ports that come and go. */
	netlink_put(&batch, IFLA_ADDRESS, mac, MAC_SIZE);
	netlink_put_u32(&batch, IFLA_MTU, mtu);
	put_kind(&batch, "bridge");
	return make_marked(netlink, &batch, name, mark, err);
}

int link_make_dummy(struct netlink *netlink, const char *name, const char *mark, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	netlink_begin(&batch, "make a dummy device", RTM_NEWLINK, NEW, &new_up, sizeof new_up);
	netlink_put_text(&batch, IFLA_IFNAME, name);
	put_kind(&batch, "dummy");
	return make_marked(netlink, &batch, name, mark, err);
}

int link_make_vlan(struct netlink *netlink, const char *name, uint32_t parent, uint16_t vlan, const char *mark,
		   struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	netlink_begin(&batch, "make a VLAN device", RTM_NEWLINK, NEW, &new_up, sizeof new_up);
	netlink_put_text(&batch, IFLA_IFNAME, name);
	netlink_put_u32(&batch, IFLA_LINK, parent);
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_text(&batch, IFLA_INFO_KIND, "vlan");
	size_t data = netlink_nest(&batch, IFLA_INFO_DATA);
	netlink_put(&batch, IFLA_VLAN_ID, &vlan, sizeof vlan);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return make_marked(netlink, &batch, name, mark, err);
}

int link_make_pair(struct netlink *netlink, const struct link_pair *pair, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg peer = {0};
	netlink_begin(&batch, "make a pair of devices", RTM_NEWLINK, NEW, &new_up, sizeof new_up);
	netlink_put_text(&batch, IFLA_IFNAME, pair->name);
	netlink_put_u32(&batch, IFLA_MTU, pair->mtu);
	netlink_put_u32(&batch, IFLA_MASTER, pair->bridge);
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_text(&batch, IFLA_INFO_KIND, "veth");
	size_t data = netlink_nest(&batch, IFLA_INFO_DATA), other = netlink_nest(&batch, VETH_INFO_PEER);
	netlink_put_raw(&batch, &peer, sizeof peer);
	netlink_put_text(&batch, IFLA_IFNAME, pair->inside);
	netlink_put_u32(&batch, IFLA_MTU, pair->mtu);
	netlink_put(&batch, IFLA_ADDRESS, pair->mac, MAC_SIZE);
	netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)pair->namespace_fd);
	netlink_nest_end(&batch, other);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return netlink_send(netlink, &batch, err);
}

int link_make_child(struct netlink *netlink, const struct link_child *child, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {0};
	bool macvlan = strcmp(child->kind, "macvlan") == 0;
	netlink_begin(&batch, child->kind, RTM_NEWLINK, NEW, &header, sizeof header);
	netlink_put_text(&batch, IFLA_IFNAME, child->inside);
	netlink_put_u32(&batch, IFLA_LINK, child->parent);
	netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)child->namespace_fd);
	if (child->mtu)
		netlink_put_u32(&batch, IFLA_MTU, child->mtu);
	if (child->mac)
		netlink_put(&batch, IFLA_ADDRESS, child->mac, MAC_SIZE);
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_text(&batch, IFLA_INFO_KIND, child->kind);
	size_t data = netlink_nest(&batch, IFLA_INFO_DATA);
	if (macvlan) {
		netlink_put_u32(&batch, IFLA_MACVLAN_MODE, child->mode);
	} else {
		uint16_t mode = (uint16_t)child->mode, flags = (uint16_t)child->flags;
		netlink_put(&batch, IFLA_IPVLAN_MODE, &mode, sizeof mode);
		netlink_put(&batch, IFLA_IPVLAN_FLAGS, &flags, sizeof flags);
	}
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return netlink_send(netlink, &batch, err);
}

/* --- changing --- */

void link_put_up(struct netlink_batch *batch, uint32_t index)
{
	struct ifinfomsg header = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(batch, "set the device up", RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
}

int link_set_up(struct netlink *netlink, uint32_t index, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	link_put_up(&batch, index);
	return netlink_send(netlink, &batch, err);
}

int link_set_port(struct netlink *netlink, uint32_t port, const uint8_t mac[MAC_SIZE], bool isolated, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	/* NUD_NOARP: a port that the kernel has not yet found to be up only takes entries that do not age. */
	struct ndmsg entry = {
	    .ndm_family = PF_BRIDGE, .ndm_ifindex = (int)port, .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER};
	netlink_begin(&batch, "tell the bridge an address", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK,
		      &entry, sizeof entry);
	netlink_put(&batch, NDA_LLADDR, mac, MAC_SIZE);
	struct ifinfomsg link = {.ifi_family = PF_BRIDGE, .ifi_index = (int)port};
	netlink_begin(&batch, "set up the bridge's port", RTM_SETLINK, NLM_F_ACK, &link, sizeof link);
	size_t settings = netlink_nest(&batch, IFLA_PROTINFO);
	netlink_put_u8(&batch, IFLA_BRPORT_MODE, 1);
	if (isolated) /* kernel 4.18 */
		netlink_put_u8(&batch, IFLA_BRPORT_ISOLATED, 1);
	netlink_nest_end(&batch, settings);
	return netlink_send(netlink, &batch, err);
}

/* --- deleting --- */

int link_delete(struct netlink *netlink, uint32_t index, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_index = (int)index};
	netlink_begin(&batch, "delete the device", RTM_DELLINK, NLM_F_ACK, &header, sizeof header);
	int result = netlink_send(netlink, &batch, err);
	return result == -ENODEV ? 0 : result;
}

struct link_search {
	uint32_t bridge;
	const char *mark;
	const char *const *kept; /* names; NULL-terminated or NULL */
	uint32_t found;
};

static bool is_kept(const char *const *kept, const char *name)
{
	while (kept && *kept && name && strcmp(*kept, name) != 0)
		kept++;
	return kept && *kept;
}

static int found_match(void *cookie, const struct nlmsghdr *message)
{
	struct link_search *search = cookie;
	struct link_row row;
	if (!read_row(message, &row))
		return 0;
	bool marked =
	    search->mark && row.mark && strcmp(row.mark, search->mark) == 0 && !is_kept(search->kept, row.name);
	if (marked || (search->bridge && row.master == search->bridge))
		search->found = row.index;
	return 0;
}

static int delete_all(struct netlink *netlink, struct link_search search, struct err *err)
{
	for (;;) {
		auto_batch batch = NETLINK_BATCH_INIT;
		struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
		search.found = 0;
		netlink_begin(&batch, "list the devices", RTM_GETLINK, NLM_F_DUMP, &header, sizeof header);
		int result = netlink_ask(netlink, &batch, found_match, &search, err);
		if (result == 0 && search.found && search.mark)
			result = link_delete_ports(netlink, search.found, err);
		if (result == 0 && search.found)
			result = link_delete(netlink, search.found, err);
		if (result < 0 || !search.found)
			return result;
	}
}

int link_delete_ports(struct netlink *netlink, uint32_t bridge, struct err *err)
{
	return delete_all(netlink, (struct link_search){.bridge = bridge}, err);
}

int link_delete_marked(struct netlink *netlink, const char *mark, const char *const *kept, struct err *err)
{
	return delete_all(netlink, (struct link_search){.mark = mark, .kept = kept}, err);
}
