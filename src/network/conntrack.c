#include "network/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

struct flow {
	uint32_t source, destination; /* as they are in the packet */
	uint16_t source_port, destination_port;
};

struct flow_search {
	uint32_t address;
	const uint16_t *ports;
	size_t port_count;
	struct flow *found;
	size_t count;
};

enum { FLOWS_MAX = 65536, FLOWS_PER_BATCH = 64 };

static bool read_flow(const struct nlattr *tuple, struct flow *out_flow, uint8_t *out_protocol)
{
	const struct nlattr *parts[CTA_TUPLE_PROTO + 1], *ip[CTA_IP_V4_DST + 1], *proto[CTA_PROTO_DST_PORT + 1];
	if (!tuple)
		return false;
	netlink_nested(tuple, parts, array_size(parts));
	if (!parts[CTA_TUPLE_IP] || !parts[CTA_TUPLE_PROTO])
		return false;
	netlink_nested(parts[CTA_TUPLE_IP], ip, array_size(ip));
	netlink_nested(parts[CTA_TUPLE_PROTO], proto, array_size(proto));
	const uint8_t *protocol = netlink_data(proto[CTA_PROTO_NUM], 1);
	const void *from = netlink_data(proto[CTA_PROTO_SRC_PORT], sizeof(uint16_t));
	const void *to = netlink_data(proto[CTA_PROTO_DST_PORT], sizeof(uint16_t));
	if (!protocol || !from || !to)
		return false;
	*out_protocol = *protocol;
	out_flow->source = netlink_u32(ip[CTA_IP_V4_SRC]);
	out_flow->destination = netlink_u32(ip[CTA_IP_V4_DST]);
	memcpy(&out_flow->source_port, from, sizeof out_flow->source_port);
	memcpy(&out_flow->destination_port, to, sizeof out_flow->destination_port);
	return true;
}

static bool concerns(const struct flow_search *search, const struct flow *original, const struct flow *reply)
{
	if (ntohl(reply->source) == search->address)
		return true;
	for (size_t i = 0; i < search->port_count; i++) {
		if (ntohs(original->destination_port) == search->ports[i])
			return true;
	}
	return false;
}

static int found_flow(void *cookie, const struct nlmsghdr *message)
{
	struct flow_search *search = cookie;
	const struct nlattr *attributes[CTA_TUPLE_REPLY + 1];
	struct flow original, reply;
	uint8_t protocol, reply_protocol;
	netlink_attributes(message, sizeof(struct nfgenmsg), attributes, array_size(attributes));
	if (!read_flow(attributes[CTA_TUPLE_ORIG], &original, &protocol) ||
	    !read_flow(attributes[CTA_TUPLE_REPLY], &reply, &reply_protocol) || protocol != IPPROTO_UDP ||
	    search->count == FLOWS_MAX || !concerns(search, &original, &reply))
		return 0;
	if ((search->count & (search->count - 1)) == 0)
		search->found =
		    x_realloc(search->found, (search->count ? 2 * search->count : 1) * sizeof *search->found);
	search->found[search->count++] = original;
	return 0;
}

static void put_delete(struct netlink_batch *batch, const struct flow *flow)
{
	struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	netlink_begin(batch, "forget a UDP flow", NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, &header,
		      sizeof header);
	size_t tuple = netlink_nest(batch, CTA_TUPLE_ORIG), part = netlink_nest(batch, CTA_TUPLE_IP);
	netlink_put_u32(batch, CTA_IP_V4_SRC, flow->source);
	netlink_put_u32(batch, CTA_IP_V4_DST, flow->destination);
	netlink_nest_end(batch, part);
	part = netlink_nest(batch, CTA_TUPLE_PROTO);
	netlink_put_u8(batch, CTA_PROTO_NUM, IPPROTO_UDP);
	netlink_put(batch, CTA_PROTO_SRC_PORT, &flow->source_port, sizeof flow->source_port);
	netlink_put(batch, CTA_PROTO_DST_PORT, &flow->destination_port, sizeof flow->destination_port);
	netlink_nest_end(batch, part);
	netlink_nest_end(batch, tuple);
}

int conntrack_forget_udp(struct netlink *netfilter, uint32_t address, const uint16_t *ports, size_t count,
			 struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	struct flow_search search = {.address = address, .ports = ports, .port_count = count};
	netlink_begin(&batch, "list the UDP flows", NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, &header,
		      sizeof header);
	int result = netlink_ask(netfilter, &batch, found_flow, &search, err);
	for (size_t i = 0; result == 0 && i < search.count;) {
		for (size_t end = i + FLOWS_PER_BATCH; i < search.count && i < end; i++)
			put_delete(&batch, &search.found[i]);
		result = netlink_send(netfilter, &batch, err);
		if (result == -ENOENT)
			result = 0; /* one of them ended by itself */
	}
	free(search.found);
	return result;
}
