#include "network/nft.h"
#include "network/nft_expression.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <netinet/ip.h>
#include <stddef.h>
#include <string.h>

static const char map_name[] = "ports", mark_name[] = "forwarding_was_off";

enum {
	ELEMENTS_PER_MESSAGE = 1000, /* their list must stay below 64 KiB */
	MAP_ID = 1,
	/* Types as nft(8) numbers them, six bits each in a concatenation; only for listings. */
	TYPE_ADDRESS = 7,
	TYPE_PROTOCOL = 12,
	TYPE_PORT = 13,
};

/* Key and data of the map: each part in a 32-bit register of its own. */
struct map_key {
	uint32_t host;
	uint8_t protocol, zeros[3];
	uint16_t port;
	uint16_t zero;
};
struct map_data {
	uint32_t address;
	uint16_t port;
	uint16_t zero;
};

static void transaction(struct netlink_batch *batch, uint16_t type)
{
	struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_begin(batch, "nftables", type, 0, &header, sizeof header);
}

static void put_table(struct netlink_batch *batch, uint16_t message, uint16_t flags, const char *table)
{
	nft_begin(batch, "nftables table", message, flags);
	netlink_put_text(batch, NFTA_TABLE_NAME, table);
}

static void put_chain(struct netlink_batch *batch, const char *table, const char *name, const char *type, uint32_t hook,
		      int32_t priority)
{
	nft_begin(batch, "add an nftables chain", NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_text(batch, NFTA_CHAIN_TABLE, table);
	netlink_put_text(batch, NFTA_CHAIN_NAME, name);
	if (!type)
		return;
	netlink_put_text(batch, NFTA_CHAIN_TYPE, type);
	size_t nest = netlink_nest(batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(batch, NFTA_HOOK_HOOKNUM, hook);
	netlink_put_be32(batch, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_nest_end(batch, nest);
}

static void put_map(struct netlink_batch *batch, const char *table)
{
	nft_begin(batch, "add an nftables map", NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_text(batch, NFTA_SET_TABLE, table);
	netlink_put_text(batch, NFTA_SET_NAME, map_name);
	netlink_put_be32(batch, NFTA_SET_FLAGS, NFT_SET_MAP);
	netlink_put_be32(batch, NFTA_SET_KEY_TYPE, TYPE_ADDRESS << 12 | TYPE_PROTOCOL << 6 | TYPE_PORT);
	netlink_put_be32(batch, NFTA_SET_KEY_LEN, sizeof(struct map_key));
	netlink_put_be32(batch, NFTA_SET_DATA_TYPE, TYPE_ADDRESS << 6 | TYPE_PORT);
	netlink_put_be32(batch, NFTA_SET_DATA_LEN, sizeof(struct map_data));
	netlink_put_be32(batch, NFTA_SET_ID, MAP_ID);
}

static void put_elements(struct netlink_batch *batch, const char *table, uint16_t message, uint16_t flags,
			 const struct nft_port *ports, size_t count)
{
	for (size_t i = 0; i < count;) {
		nft_begin(batch, "nftables map of ports", message, flags);
		netlink_put_text(batch, NFTA_SET_ELEM_LIST_TABLE, table);
		netlink_put_text(batch, NFTA_SET_ELEM_LIST_SET, map_name);
		size_t list = netlink_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (size_t end = i + ELEMENTS_PER_MESSAGE; i < count && i < end; i++) {
			struct map_key key = {
			    htonl(ports[i].host), ports[i].protocol, {0}, htons(ports[i].host_port), 0};
			struct map_data data = {htonl(ports[i].address), htons(ports[i].port), 0};
			size_t element = netlink_nest(batch, NFTA_LIST_ELEM);
			size_t nest = netlink_nest(batch, NFTA_SET_ELEM_KEY);
			netlink_put(batch, NFTA_DATA_VALUE, &key, sizeof key);
			netlink_nest_end(batch, nest);
			if (message == NFT_MSG_NEWSETELEM) {
				nest = netlink_nest(batch, NFTA_SET_ELEM_DATA);
				netlink_put(batch, NFTA_DATA_VALUE, &data, sizeof data);
				netlink_nest_end(batch, nest);
			}
			netlink_nest_end(batch, element);
		}
		netlink_nest_end(batch, list);
	}
}

/* --- rules --- */

static void load_address(struct netlink_batch *batch, size_t field, uint32_t out_register)
{
	nft_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)field, sizeof(uint32_t), out_register);
}

/* Source or destination is in the network. */
static void match_network(struct netlink_batch *batch, size_t field, const struct subnet *subnet)
{
	load_address(batch, field, NFT_R0);
	nft_bitwise(batch, NFT_R0, htonl(subnet_mask(subnet->prefix)));
	nft_compare_u32(batch, NFT_R0, NFT_CMP_EQ, htonl(subnet_first(subnet)));
}

static void match_ct_bits(struct netlink_batch *batch, enum nft_ct_keys key, uint32_t bits)
{
	nft_ct(batch, key, NFT_R0);
	nft_bitwise(batch, NFT_R0, bits);
	nft_compare_u32(batch, NFT_R0, NFT_CMP_NEQ, 0);
}

/* The host's address is in R0 already, or 0. */
static void redirect(struct netlink_batch *batch)
{
	enum { DESTINATION_PORT = 2 };
	nft_meta(batch, NFT_META_L4PROTO, NFT_R1);
	nft_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, sizeof(uint16_t), NFT_R2);
	nft_lookup(batch, map_name, NFT_R0, NFT_R0);
	nft_dnat(batch, NFT_R0, NFT_R1);
}

static void put_redirects(struct netlink_batch *batch, const char *table, const char *chain)
{
	struct nft_rule_place rule;
	nft_rule_begin(batch, table, chain, &rule);
	nft_fib_daddr_type(batch, NFT_R0);
	nft_compare_u32(batch, NFT_R0, NFT_CMP_EQ, RTN_LOCAL);
	load_address(batch, offsetof(struct iphdr, daddr), NFT_R0);
	redirect(batch);
	nft_rule_end(batch, &rule);

	nft_rule_begin(batch, table, chain, &rule);
	nft_fib_daddr_type(batch, NFT_R0);
	nft_compare_u32(batch, NFT_R0, NFT_CMP_EQ, RTN_LOCAL);
	nft_load_u32(batch, NFT_R0, 0);
	redirect(batch);
	nft_rule_end(batch, &rule);
}

static const struct subnet loopback = {0x7f000000, 8};

static void put_guard(struct netlink_batch *batch, const struct nft_rules *rules)
{
	struct nft_rule_place rule;
	nft_rule_begin(batch, rules->table, "guard", &rule);
	nft_interface(batch, NFT_META_IIFNAME, NFT_CMP_NEQ, "lo");
	match_network(batch, offsetof(struct iphdr, daddr), &loopback);
	nft_verdict(batch, NF_DROP);
	nft_rule_end(batch, &rule);
}

static void put_forward(struct netlink_batch *batch, const struct nft_rules *rules)
{
	enum { ESTABLISHED_OR_RELATED = 2 | 4 }; /* as nft numbers states: a bit each, behind "invalid" */
	static const struct {
		bool from_bridge;
		uint32_t state, status, verdict;
	} lines[] = {
	    {.from_bridge = true, .verdict = NF_ACCEPT},
	    {.state = ESTABLISHED_OR_RELATED, .verdict = NF_ACCEPT},
	    {.status = IPS_DST_NAT, .verdict = NF_ACCEPT},
	    {.verdict = NF_DROP},
	};
	for (size_t i = 0; i < array_size(lines); i++) {
		struct nft_rule_place rule;
		nft_rule_begin(batch, rules->table, "forward", &rule);
		nft_interface(batch, NFT_META_OIFNAME, NFT_CMP_EQ, rules->bridge);
		if (lines[i].from_bridge)
			nft_interface(batch, NFT_META_IIFNAME, NFT_CMP_EQ, rules->bridge);
		if (lines[i].state)
			match_ct_bits(batch, NFT_CT_STATE, lines[i].state);
		if (lines[i].status)
			match_ct_bits(batch, NFT_CT_STATUS, lines[i].status);
		nft_verdict(batch, lines[i].verdict);
		nft_rule_end(batch, &rule);
	}
}

static void put_masquerade(struct netlink_batch *batch, const struct nft_rules *rules)
{
	static const char chain[] = "masquerade";
	struct nft_rule_place rule;
	if (rules->masquerade) {
		nft_rule_begin(batch, rules->table, chain, &rule);
		nft_interface(batch, NFT_META_OIFNAME, NFT_CMP_NEQ, rules->bridge);
		match_network(batch, offsetof(struct iphdr, saddr), &rules->subnet);
		nft_masquerade(batch);
		nft_rule_end(batch, &rule);
	}
	/* From this host over loopback: the container could not answer to 127.0.0.1. */
	nft_rule_begin(batch, rules->table, chain, &rule);
	nft_interface(batch, NFT_META_OIFNAME, NFT_CMP_EQ, rules->bridge);
	match_network(batch, offsetof(struct iphdr, saddr), &loopback);
	nft_masquerade(batch);
	nft_rule_end(batch, &rule);
	/* From a container to a published port: the answer has to come back this way. */
	nft_rule_begin(batch, rules->table, chain, &rule);
	nft_interface(batch, NFT_META_OIFNAME, NFT_CMP_EQ, rules->bridge);
	match_network(batch, offsetof(struct iphdr, saddr), &rules->subnet);
	match_ct_bits(batch, NFT_CT_STATUS, IPS_DST_NAT);
	nft_masquerade(batch);
	nft_rule_end(batch, &rule);
}

/* --- whole transactions --- */

int nft_replace(struct netlink *netlink, const struct nft_rules *rules, const struct nft_port *ports, size_t count,
		struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	const char *table = rules->table;
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
	put_table(&batch, NFT_MSG_DELTABLE, 0, table);
	put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
	put_map(&batch, table);
	put_chain(&batch, table, "guard", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW);
	put_chain(&batch, table, "ports_in", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST);
	put_chain(&batch, table, "ports_out", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST);
	put_chain(&batch, table, "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER);
	put_chain(&batch, table, "masquerade", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
	if (rules->forwarding_mark)
		put_chain(&batch, table, mark_name, NULL, 0, 0);
	put_guard(&batch, rules);
	put_redirects(&batch, table, "ports_in");
	put_redirects(&batch, table, "ports_out");
	put_forward(&batch, rules);
	put_masquerade(&batch, rules);
	put_elements(&batch, table, NFT_MSG_NEWSETELEM, NLM_F_CREATE, ports, count);
	transaction(&batch, NFNL_MSG_BATCH_END);
	if (netlink_send(netlink, &batch, err) < 0)
		return err_wrap(err, "nftables table %s", table);
	return 0;
}

int nft_add_ports(struct netlink *netlink, const char *table, const struct nft_port *ports, size_t count,
		  struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	if (count == 0)
		return 0;
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_elements(&batch, table, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, ports, count);
	transaction(&batch, NFNL_MSG_BATCH_END);
	return netlink_send(netlink, &batch, err);
}

int nft_remove_ports(struct netlink *netlink, const char *table, const struct nft_port *ports, size_t count,
		     struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	if (count == 0)
		return 0;
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_elements(&batch, table, NFT_MSG_DELSETELEM, 0, ports, count);
	transaction(&batch, NFNL_MSG_BATCH_END);
	return netlink_send(netlink, &batch, err);
}

static int found_mark(void *cookie, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		*(bool *)cookie = true;
	return 0;
}

int nft_read_mark(struct netlink *netlink, const char *table, bool *out_mark, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	bool mark = false;
	nft_begin(&batch, "nftables chain", NFT_MSG_GETCHAIN, 0);
	netlink_put_text(&batch, NFTA_CHAIN_TABLE, table);
	netlink_put_text(&batch, NFTA_CHAIN_NAME, mark_name);
	int result = netlink_ask(netlink, &batch, found_mark, &mark, err);
	if (result < 0 && result != -ENOENT)
		return result;
	*out_mark = mark;
	return 0;
}

int nft_delete(struct netlink *netlink, const char *table, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, table); /* so that deleting it cannot fail */
	put_table(&batch, NFT_MSG_DELTABLE, 0, table);
	transaction(&batch, NFNL_MSG_BATCH_END);
	return netlink_send(netlink, &batch, err);
}
