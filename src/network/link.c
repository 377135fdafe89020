#include "network/link.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

static int found_link(void *cookie, const struct nlmsghdr *message)
{
	struct link_info *info = cookie;
	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return 0;
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct nlattr *attributes[IFLA_LINKINFO + 1], *kinds[IFLA_INFO_KIND + 1] = {0};
	netlink_attributes(message, sizeof *link, attributes, array_size(attributes));
	if (attributes[IFLA_LINKINFO])
		netlink_nested(attributes[IFLA_LINKINFO], kinds, array_size(kinds));
	const char *kind = netlink_text(kinds[IFLA_INFO_KIND]);
	info->index = (uint32_t)link->ifi_index;
	info->up = link->ifi_flags & IFF_UP;
	info->bridge = kind && strcmp(kind, "bridge") == 0;
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

int link_make_bridge(struct netlink *netlink, const char *name, const uint8_t mac[MAC_SIZE], uint32_t mtu,
		     struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&batch, "make the bridge", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header,
		      sizeof header);
	netlink_put_text(&batch, IFLA_IFNAME, name);
	/* An address of its own: otherwise it would change with the ports that come and go. */
	netlink_put(&batch, IFLA_ADDRESS, mac, MAC_SIZE);
	netlink_put_u32(&batch, IFLA_MTU, mtu);
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_text(&batch, IFLA_INFO_KIND, "bridge");
	netlink_nest_end(&batch, info);
	if (netlink_send(netlink, &batch, err) < 0)
		return err_wrap(err, "%s", name);
	return 0;
}

int link_set_up(struct netlink *netlink, uint32_t index, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&batch, "set the device up", RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
	return netlink_send(netlink, &batch, err);
}

int link_delete(struct netlink *netlink, uint32_t index, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_index = (int)index};
	netlink_begin(&batch, "delete the device", RTM_DELLINK, NLM_F_ACK, &header, sizeof header);
	int result = netlink_send(netlink, &batch, err);
	return result == -ENODEV ? 0 : result;
}

struct port_search {
	uint32_t bridge, found;
};

static int found_port(void *cookie, const struct nlmsghdr *message)
{
	struct port_search *search = cookie;
	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return 0;
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct nlattr *attributes[IFLA_MASTER + 1];
	netlink_attributes(message, sizeof *link, attributes, array_size(attributes));
	if (netlink_u32(attributes[IFLA_MASTER]) == search->bridge)
		search->found = (uint32_t)link->ifi_index;
	return 0;
}

int link_delete_ports(struct netlink *netlink, uint32_t bridge, struct err *err)
{
	for (;;) {
		auto_batch batch = NETLINK_BATCH_INIT;
		struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
		struct port_search search = {.bridge = bridge};
		netlink_begin(&batch, "list the devices", RTM_GETLINK, NLM_F_DUMP, &header, sizeof header);
		int result = netlink_ask(netlink, &batch, found_port, &search, err);
		if (result == 0 && search.found)
			result = link_delete(netlink, search.found, err);
		if (result < 0 || !search.found)
			return result;
	}
}

int link_make_pair(struct netlink *netlink, const struct link_pair *pair, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, peer = {0};
	netlink_begin(&batch, "make a pair of devices", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header,
		      sizeof header);
	netlink_put_text(&batch, IFLA_IFNAME, pair->name);
	netlink_put_u32(&batch, IFLA_MTU, pair->mtu);
	netlink_put_u32(&batch, IFLA_MASTER, pair->bridge);
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_text(&batch, IFLA_INFO_KIND, "veth");
	size_t data = netlink_nest(&batch, IFLA_INFO_DATA), other = netlink_nest(&batch, VETH_INFO_PEER);
	netlink_put_raw(&batch, &peer, sizeof peer);
	netlink_put_text(&batch, IFLA_IFNAME, "eth0");
	netlink_put_u32(&batch, IFLA_MTU, pair->mtu);
	netlink_put(&batch, IFLA_ADDRESS, pair->mac, MAC_SIZE);
	netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)pair->namespace_fd);
	netlink_nest_end(&batch, other);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return netlink_send(netlink, &batch, err);
}

int link_set_port(struct netlink *netlink, uint32_t port, const uint8_t mac[MAC_SIZE], struct err *err)
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
	netlink_nest_end(&batch, settings);
	return netlink_send(netlink, &batch, err);
}

/* --- addresses --- */

struct address_search {
	uint32_t index;
	struct subnet found;
};

static int found_address(void *cookie, const struct nlmsghdr *message)
{
	struct address_search *search = cookie;
	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
		return 0;
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	const struct nlattr *attributes[IFA_LOCAL + 1];
	netlink_attributes(message, sizeof *header, attributes, array_size(attributes));
	if (header->ifa_family == AF_INET && header->ifa_index == search->index && search->found.address == 0)
		search->found = (struct subnet){ntohl(netlink_u32(attributes[IFA_LOCAL])), header->ifa_prefixlen};
	return 0;
}

int link_address(struct netlink *netlink, uint32_t index, struct subnet *out_address, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifaddrmsg header = {.ifa_family = AF_INET};
	struct address_search search = {.index = index};
	netlink_begin(&batch, "list the addresses", RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);
	int result = netlink_ask(netlink, &batch, found_address, &search, err);
	if (result == 0)
		*out_address = search.found;
	return result;
}

static void put_address(struct netlink_batch *batch, uint32_t index, const struct subnet *address)
{
	struct ifaddrmsg header = {.ifa_family = AF_INET,
				   .ifa_prefixlen = address->prefix,
				   .ifa_index = index,
				   .ifa_scope = RT_SCOPE_UNIVERSE};
	netlink_begin(batch, "add the address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header,
		      sizeof header);
	netlink_put_be32(batch, IFA_LOCAL, address->address);
	netlink_put_be32(batch, IFA_ADDRESS, address->address);
	netlink_put_be32(batch, IFA_BROADCAST, subnet_last(address));
}

int link_add_address(struct netlink *netlink, uint32_t index, const struct subnet *address, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	put_address(&batch, index, address);
	return netlink_send(netlink, &batch, err);
}

int link_set_up_inside(struct netlink *inside, const struct subnet *address, uint32_t gateway, struct err *err)
{
	enum { LO = 1 };
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg lo = {.ifi_index = LO, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&batch, "set lo up", RTM_NEWLINK, NLM_F_ACK, &lo, sizeof lo);
	if (!address)
		return netlink_send(inside, &batch, err);
	struct link_info eth0 = {0};
	if (link_find(inside, "eth0", &eth0, err) < 0)
		return -err->code;
	struct ifinfomsg up = {.ifi_index = (int)eth0.index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&batch, "set eth0 up", RTM_NEWLINK, NLM_F_ACK, &up, sizeof up);
	put_address(&batch, eth0.index, address);
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_BOOT,
			      .rtm_scope = RT_SCOPE_UNIVERSE,
			      .rtm_type = RTN_UNICAST};
	netlink_begin(&batch, "add the default route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &route,
		      sizeof route);
	netlink_put_be32(&batch, RTA_GATEWAY, gateway);
	netlink_put_u32(&batch, RTA_OIF, eth0.index);
	return netlink_send(inside, &batch, err);
}

/* --- routes --- */

struct route_walk {
	int (*each)(void *cookie, const struct subnet *route);
	void *cookie;
};

static int found_route(void *cookie, const struct nlmsghdr *message)
{
	const struct route_walk *walk = cookie;
	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
		return 0;
	const struct rtmsg *header = NLMSG_DATA(message);
	const struct nlattr *attributes[RTA_DST + 1];
	netlink_attributes(message, sizeof *header, attributes, array_size(attributes));
	/* Broadcast and multicast entries follow from the others. */
	bool network = header->rtm_type == RTN_UNICAST || header->rtm_type == RTN_LOCAL;
	if (header->rtm_family != AF_INET || !network || header->rtm_dst_len == 0 || header->rtm_dst_len > 32)
		return 0;
	struct subnet route = {ntohl(netlink_u32(attributes[RTA_DST])), header->rtm_dst_len};
	return walk->each(walk->cookie, &route);
}

int link_routes(struct netlink *netlink, int (*each)(void *cookie, const struct subnet *route), void *cookie,
		struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct rtmsg header = {.rtm_family = AF_INET};
	struct route_walk walk = {each, cookie};
	netlink_begin(&batch, "list the routes", RTM_GETROUTE, NLM_F_DUMP, &header, sizeof header);
	return netlink_ask(netlink, &batch, found_route, &walk, err);
}
