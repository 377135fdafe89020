#include "network/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

struct flow {
	struct address source, destination; /* as they are in the packet */
	uint8_t protocol;
};

/* A flow to forget: its first tuple, as the kernel wrote it. */
struct found_flow {
	uint8_t family;
	uint16_t size;
	uint8_t tuple[96];
};

struct walk {
	const struct conntrack_search *search;
	struct found_flow *found;
	size_t count;
};

enum { FLOWS_MAX = 65536, FLOWS_PER_BATCH = 64 };

static struct address read_address(const struct nlattr *four, const struct nlattr *six)
{
	const void *data = four ? netlink_data(four, 4) : netlink_data(six, 16);
	return data ? address_from_bytes(data, four ? 4 : 16) : ADDRESS_NONE;
}

static bool read_flow(const struct nlattr *tuple, struct flow *out_flow, uint16_t *out_port)
{
	const struct nlattr *parts[CTA_TUPLE_PROTO + 1], *ip[CTA_IP_V6_DST + 1], *proto[CTA_PROTO_DST_PORT + 1];
	if (!tuple)
		return false;
	netlink_nested(tuple, parts, array_size(parts));
	if (!parts[CTA_TUPLE_IP] || !parts[CTA_TUPLE_PROTO])
		return false;
	netlink_nested(parts[CTA_TUPLE_IP], ip, array_size(ip));
	netlink_nested(parts[CTA_TUPLE_PROTO], proto, array_size(proto));
	const uint8_t *protocol = netlink_data(proto[CTA_PROTO_NUM], 1);
	const void *to = netlink_data(proto[CTA_PROTO_DST_PORT], sizeof(uint16_t));
	uint16_t port = 0;
	if (!protocol)
		return false;
	if (to)
		memcpy(&port, to, sizeof port);
	*out_port = ntohs(port);
	*out_flow = (struct flow){read_address(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]),
				  read_address(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]), *protocol};
	return true;
}

static bool concerns(const struct conntrack_search *search, const struct flow *original, uint16_t port,
		     const struct flow *reply)
{
	for (size_t i = 0; i < search->address_count; i++) {
		const struct address *address = &search->addresses[i];
		if (address_equal(&original->source, address) || address_equal(&original->destination, address) ||
		    address_equal(&reply->source, address))
			return true;
	}
	for (size_t i = 0; original->protocol == IPPROTO_UDP && i < search->port_count; i++) {
		if (port == search->ports[i])
			return true;
	}
	return false;
}

static int found_flow(void *cookie, const struct nlmsghdr *message)
{
	struct walk *walk = cookie;
	const struct nlattr *attributes[CTA_TUPLE_REPLY + 1];
	const struct nfgenmsg *header = NLMSG_DATA(message);
	struct flow original, reply;
	uint16_t port, reply_port;
	netlink_attributes(message, sizeof *header, attributes, array_size(attributes));
	const struct nlattr *tuple = attributes[CTA_TUPLE_ORIG];
	if (!read_flow(tuple, &original, &port) || !read_flow(attributes[CTA_TUPLE_REPLY], &reply, &reply_port) ||
	    walk->count == FLOWS_MAX || tuple->nla_len > sizeof walk->found->tuple ||
	    !concerns(walk->search, &original, port, &reply))
		return 0;
	if ((walk->count & (walk->count - 1)) == 0)
		walk->found = x_realloc(walk->found, (walk->count ? 2 * walk->count : 1) * sizeof *walk->found);
	struct found_flow *found = &walk->found[walk->count++];
	found->family = header->nfgen_family;
	found->size = tuple->nla_len;
	memcpy(found->tuple, tuple, tuple->nla_len);
	return 0;
}

static void put_delete(struct netlink_batch *batch, const struct found_flow *flow)
{
	struct nfgenmsg header = {.nfgen_family = flow->family, .version = NFNETLINK_V0};
	netlink_begin(batch, "forget a flow", NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, &header,
		      sizeof header);
	netlink_put_raw(batch, flow->tuple, flow->size);
}

static int forget_found(struct netlink *netfilter, const struct walk *walk, struct err *err)
{
	for (size_t i = 0; i < walk->count;) {
		auto_batch batch = NETLINK_BATCH_INIT;
		for (size_t end = i + FLOWS_PER_BATCH; i < walk->count && i < end; i++)
			put_delete(&batch, &walk->found[i]);
		int result = netlink_send(netfilter, &batch, err);
		if (result < 0 && result != -ENOENT) /* one of them ended by itself */
			return result;
	}
	return 0;
}

int conntrack_forget(struct netlink *netfilter, const struct conntrack_search *search, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	struct walk walk = {.search = search};
	netlink_begin(&batch, "list the flows", NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, &header,
		      sizeof header);
	int result = netlink_ask(netfilter, &batch, found_flow, &walk, err);
	if (result == 0)
		result = forget_found(netfilter, &walk, err);
	free(walk.found);
	return result;
}
