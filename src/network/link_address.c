#include "network/link_address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static struct address read_address(const struct nlattr *attribute, uint8_t family)
{
	size_t size = family == AF_INET ? 4 : 16;
	const void *data = netlink_data(attribute, size);
	return data ? address_from_bytes(data, size) : ADDRESS_NONE;
}

static void put_bytes(struct netlink_batch *batch, uint16_t type, const struct address *address)
{
	uint8_t bytes[ADDRESS_BYTES];
	size_t size = address_bytes(address, bytes);
	netlink_put(batch, type, bytes, size);
}

/* --- addresses --- */

struct address_search {
	uint32_t index;
	struct subnet_list *list;
};

static int found_address(void *cookie, const struct nlmsghdr *message)
{
	const struct address_search *search = cookie;
	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
		return 0;
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	const struct nlattr *attributes[IFA_LOCAL + 1];
	netlink_attributes(message, sizeof *header, attributes, array_size(attributes));
	/* IPv6 has only IFA_ADDRESS; for IPv4 that may be the other end's. */
	const struct nlattr *own = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	struct subnet found = {read_address(own, header->ifa_family), header->ifa_prefixlen};
	if (header->ifa_index == search->index && address_is_set(&found.address) && header->ifa_scope != RT_SCOPE_LINK)
		subnet_list_add(search->list, &found);
	return 0;
}

int link_addresses(struct netlink *netlink, uint32_t index, uint8_t bits, struct subnet_list *list, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifaddrmsg header = {.ifa_family = bits == 32 ? AF_INET : AF_INET6};
	struct address_search search = {.index = index, .list = list};
	netlink_begin(&batch, "list the addresses", RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);
	return netlink_ask(netlink, &batch, found_address, &search, err);
}

void link_put_address(struct netlink_batch *batch, uint32_t index, const struct subnet *address)
{
	bool four = address->address.bits == 32;
	struct ifaddrmsg header = {.ifa_family = (uint8_t)address_family(&address->address),
				   .ifa_prefixlen = address->prefix,
				   .ifa_index = index,
				   .ifa_flags = four ? 0 : IFA_F_NODAD,
				   .ifa_scope =
				       address_is_link_local(&address->address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE};
	netlink_begin(batch, "add the address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header,
		      sizeof header);
	put_bytes(batch, IFA_LOCAL, &address->address);
	put_bytes(batch, IFA_ADDRESS, &address->address);
	if (four && address->prefix < 31) {
		struct address last = subnet_last(address);
		put_bytes(batch, IFA_BROADCAST, &last);
	}
}

int link_add_address(struct netlink *netlink, uint32_t index, const struct subnet *address, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	link_put_address(&batch, index, address);
	return netlink_send(netlink, &batch, err);
}

/* --- routes --- */

static struct rtmsg default_route(uint8_t bits, uint8_t scope)
{
	return (struct rtmsg){.rtm_family = bits == 32 ? AF_INET : AF_INET6,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_BOOT,
			      .rtm_scope = scope,
			      .rtm_type = RTN_UNICAST};
}

void link_put_default(struct netlink_batch *batch, uint32_t index, const struct address *gateway)
{
	struct rtmsg route = default_route(gateway->bits, RT_SCOPE_UNIVERSE);
	netlink_begin(batch, "add the default route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &route,
		      sizeof route);
	put_bytes(batch, RTA_GATEWAY, gateway);
	netlink_put_u32(batch, RTA_OIF, index);
}

void link_put_default_device(struct netlink_batch *batch, uint32_t index, uint8_t bits)
{
	struct rtmsg route = default_route(bits, bits == 32 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	netlink_begin(batch, "add the default route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &route,
		      sizeof route);
	netlink_put_u32(batch, RTA_OIF, index);
}

int link_delete_default(struct netlink *netlink, uint8_t bits, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct rtmsg route = default_route(bits, RT_SCOPE_NOWHERE);
	route.rtm_protocol = RTPROT_UNSPEC;
	netlink_begin(&batch, "delete the default route", RTM_DELROUTE, NLM_F_ACK, &route, sizeof route);
	int result = netlink_send(netlink, &batch, err);
	return result == -ESRCH || result == -ENOENT || result == -EAFNOSUPPORT ? 0 : result;
}

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
	struct subnet route = {read_address(attributes[RTA_DST], header->rtm_family), header->rtm_dst_len};
	if (!network || !address_is_set(&route.address) || route.prefix == 0 || route.prefix > route.address.bits)
		return 0;
	return walk->each(walk->cookie, &route);
}

int link_routes(struct netlink *netlink, int (*each)(void *cookie, const struct subnet *route), void *cookie,
		struct err *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < array_size(families); i++) {
		auto_batch batch = NETLINK_BATCH_INIT;
		struct rtmsg header = {.rtm_family = families[i]};
		struct route_walk walk = {each, cookie};
		netlink_begin(&batch, "list the routes", RTM_GETROUTE, NLM_F_DUMP, &header, sizeof header);
		int result = netlink_ask(netlink, &batch, found_route, &walk, err);
		if (result < 0 && result != -EAFNOSUPPORT)
			return result;
	}
	return 0;
}
