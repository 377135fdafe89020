#include "network/nft_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

void nft_put_chain(const struct nft_table *table, const char *name, const char *type, uint32_t hook, int32_t priority,
		   uint32_t policy)
{
	nft_begin(table, "add an nftables chain", NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_text(table->batch, NFTA_CHAIN_TABLE, table->name);
	netlink_put_text(table->batch, NFTA_CHAIN_NAME, name);
	if (!type)
		return;
	netlink_put_text(table->batch, NFTA_CHAIN_TYPE, type);
	size_t nest = netlink_nest(table->batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(table->batch, NFTA_HOOK_HOOKNUM, hook);
	netlink_put_be32(table->batch, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_nest_end(table->batch, nest);
	netlink_put_be32(table->batch, NFTA_CHAIN_POLICY, policy);
}

void nft_chain_name(const char *map, const char *bridge, char out_name[NFT_CHAIN_TEXT])
{
	snprintf(out_name, NFT_CHAIN_TEXT, "%s_%s", map, bridge);
}

static const struct nft_part *part_of(const struct nft_network *network, uint8_t family)
{
	return family == NFPROTO_IPV4 ? &network->four : &network->six;
}

bool nft_has_chain(const struct nft_network *network, uint8_t family, const char *map)
{
	return subnet_is_set(&part_of(network, family)->subnet) && (strcmp(map, NFT_INSIDE) != 0 || network->internal);
}

/* --- matches --- */

enum { ADDRESS_SOURCE, ADDRESS_DESTINATION };

static void load_address(const struct nft_rule_place *rule, uint8_t family, int which)
{
	bool four = family == NFPROTO_IPV4, source = which == ADDRESS_SOURCE;
	size_t offset = four	 ? source ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr)
			    : source ? offsetof(struct ip6_hdr, ip6_src)
				 : offsetof(struct ip6_hdr, ip6_dst);
	nft_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offset, four ? 4 : 16, NFT_R0);
}

static void match_network(const struct nft_rule_place *rule, int which, const struct subnet *subnet,
			  enum nft_cmp_ops operation)
{
	uint8_t mask[ADDRESS_BYTES], first[ADDRESS_BYTES];
	struct address mask_address = subnet_mask(subnet), first_address = subnet_first(subnet);
	size_t size = address_bytes(&mask_address, mask);
	(void)address_bytes(&first_address, first);
	load_address(rule, size == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6, which);
	nft_bitwise(rule, NFT_R0, mask, size);
	nft_compare(rule, NFT_R0, operation, first, size);
}

static void match_ct_bits(const struct nft_rule_place *rule, enum nft_ct_keys key, uint32_t bits)
{
	nft_ct(rule, key, NFT_R0);
	nft_bitwise(rule, NFT_R0, &bits, sizeof bits);
	nft_compare_u32(rule, NFT_R0, NFT_CMP_NEQ, 0);
}

static void match_dnat(const struct nft_rule_place *rule)
{
	match_ct_bits(rule, NFT_CT_STATUS, IPS_DST_NAT);
}

/* Behind an address in R0: protocol and destination port complete the key of `ports` and `open`. */
static uint32_t load_port_key(const struct nft_rule_place *rule, uint8_t family)
{
	enum { DESTINATION_PORT = 2 };
	uint32_t at = family == NFPROTO_IPV4 ? NFT_R1 : NFT_R4;
	nft_meta(rule, NFT_META_L4PROTO, at);
	nft_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, sizeof(uint16_t), at + 1);
	return at;
}

/* --- guard --- */

static const struct subnet loopback = {{0x7f000000, 32}, 8};

static void put_guard(const struct nft_table *table)
{
	struct nft_rule_place rule;
	if (table->family == NFPROTO_IPV4) {
		nft_rule_begin(table, "guard", &rule);
		nft_interface(&rule, NFT_META_IIFNAME, NFT_CMP_NEQ, "lo");
		match_network(&rule, ADDRESS_DESTINATION, &loopback, NFT_CMP_EQ);
		nft_verdict(&rule, NF_DROP);
		nft_rule_end(&rule);
	}
	nft_rule_begin(table, "guard", &rule);
	nft_meta(&rule, NFT_META_IIFNAME, NFT_REG_1);
	nft_lookup_verdict(&rule, NFT_INSIDE, NFT_REG_1);
	nft_rule_end(&rule);
}

/* --- published ports --- */

static void put_redirects(const struct nft_table *table, const char *chain)
{
	static const uint8_t any[ADDRESS_BYTES];
	for (int own_address = 1; own_address >= 0; own_address--) {
		struct nft_rule_place rule;
		nft_rule_begin(table, chain, &rule);
		nft_fib_daddr_type(&rule, NFT_R0);
		nft_compare_u32(&rule, NFT_R0, NFT_CMP_EQ, RTN_LOCAL);
		if (own_address)
			load_address(&rule, table->family, ADDRESS_DESTINATION);
		else
			nft_load(&rule, NFT_R0, any, table->family == NFPROTO_IPV4 ? 4 : 16);
		uint32_t behind = load_port_key(&rule, table->family);
		nft_lookup_map(&rule, NFT_PORTS, NFT_R0, NFT_R0);
		nft_dnat(&rule, table->family, NFT_R0, behind);
		nft_rule_end(&rule);
	}
}

/* --- forward --- */

struct forward_line {
	const char *from;	 /* device that it comes from; NULL: any */
	const char *not_to;	 /* device that it does not leave by; NULL: any */
	uint32_t state;		 /* one of these bits of the connection's state */
	bool translated, opened; /* by a published port; to a port in `open` */
	uint8_t protocol;	 /* 0: any */
	uint32_t verdict;
};

static void put_line(const struct nft_table *table, const char *chain, const struct forward_line *line)
{
	struct nft_rule_place rule;
	nft_rule_begin(table, chain, &rule);
	if (line->from)
		nft_interface(&rule, NFT_META_IIFNAME, NFT_CMP_EQ, line->from);
	if (line->not_to)
		nft_interface(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, line->not_to);
	if (line->state)
		match_ct_bits(&rule, NFT_CT_STATE, line->state);
	if (line->translated)
		match_dnat(&rule);
	if (line->protocol) {
		nft_meta(&rule, NFT_META_L4PROTO, NFT_R0);
		nft_compare(&rule, NFT_R0, NFT_CMP_EQ, &line->protocol, 1);
	}
	if (line->opened) {
		load_address(&rule, table->family, ADDRESS_DESTINATION);
		(void)load_port_key(&rule, table->family);
		nft_lookup_set(&rule, NFT_OPEN, NFT_R0, false);
	}
	nft_verdict(&rule, line->verdict);
	nft_rule_end(&rule);
}

enum { ESTABLISHED_OR_RELATED = 2 | 4 }; /* as nft numbers states: a bit each, behind "invalid" */

/* What may go into a network. The first line that fits decides; what fits none is dropped. */
static void put_into(const struct nft_table *table, const struct nft_network *network)
{
	const struct nft_part *part = part_of(network, table->family);
	uint8_t ping = table->family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	char chain[NFT_CHAIN_TEXT];
	nft_chain_name(NFT_INTO, network->bridge, chain);
	put_line(table, chain,
		 &(struct forward_line){.from = network->bridge, .translated = !network->icc, .verdict = NF_ACCEPT});
	if (!network->icc)
		put_line(table, chain, &(struct forward_line){.from = network->bridge, .verdict = NF_DROP});
	if (!network->internal) {
		put_line(table, chain, &(struct forward_line){.state = ESTABLISHED_OR_RELATED, .verdict = NF_ACCEPT});
		for (char *const *trusted = network->trusted; trusted && *trusted; trusted++)
			put_line(table, chain, &(struct forward_line){.from = *trusted, .verdict = NF_ACCEPT});
		if (part->mode == NFT_UNPROTECTED)
			put_line(table, chain, &(struct forward_line){.verdict = NF_ACCEPT});
		put_line(table, chain, &(struct forward_line){.translated = true, .verdict = NF_ACCEPT});
		if (part->mode == NFT_ROUTED) {
			put_line(table, chain, &(struct forward_line){.protocol = ping, .verdict = NF_ACCEPT});
			put_line(table, chain, &(struct forward_line){.opened = true, .verdict = NF_ACCEPT});
		}
	}
	put_line(table, chain, &(struct forward_line){.verdict = NF_DROP});
}

static void put_network(const struct nft_table *table, const struct nft_network *network)
{
	char chain[NFT_CHAIN_TEXT];
	put_into(table, network);
	nft_chain_name(NFT_OUTOF, network->bridge, chain);
	put_line(table, chain,
		 &(struct forward_line){.not_to = network->internal ? network->bridge : NULL,
					.verdict = network->internal ? NF_DROP : NF_ACCEPT});
	if (!network->internal)
		return;
	struct nft_rule_place rule;
	nft_chain_name(NFT_INSIDE, network->bridge, chain);
	if (table->family == NFPROTO_IPV6) { /* neighbours find each other by these */
		static const struct subnet scopes[] = {{{(unsigned __int128)0xfe80 << 112, 128}, 10},
						       {{(unsigned __int128)0xff << 120, 128}, 8}};
		for (size_t i = 0; i < array_size(scopes); i++) {
			nft_rule_begin(table, chain, &rule);
			match_network(&rule, ADDRESS_DESTINATION, &scopes[i], NFT_CMP_EQ);
			nft_verdict(&rule, NF_ACCEPT);
			nft_rule_end(&rule);
		}
	}
	nft_rule_begin(table, chain, &rule);
	match_network(&rule, ADDRESS_DESTINATION, &part_of(network, table->family)->subnet, NFT_CMP_NEQ);
	nft_verdict(&rule, NF_DROP);
	nft_rule_end(&rule);
}

static void put_forward(const struct nft_table *table)
{
	static const struct {
		enum nft_meta_keys key;
		const char *map;
	} rows[] = {{NFT_META_OIFNAME, NFT_INTO}, {NFT_META_IIFNAME, NFT_OUTOF}};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct nft_rule_place rule;
		nft_rule_begin(table, "forward", &rule);
		nft_meta(&rule, rows[i].key, NFT_REG_1);
		nft_lookup_verdict(&rule, rows[i].map, NFT_REG_1);
		nft_rule_end(&rule);
	}
}

/* --- masquerade --- */

static const char masquerade[] = "masquerade";

static void put_source(const struct nft_table *table, const struct nft_network *network)
{
	const struct nft_part *part = part_of(network, table->family);
	struct nft_rule_place rule;
	bool translates = part->mode == NFT_NAT || part->mode == NFT_UNPROTECTED;
	if (!subnet_is_set(&part->subnet) || network->internal || !translates)
		return;
	if (network->masquerade) {
		nft_rule_begin(table, masquerade, &rule);
		nft_interface(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, network->bridge);
		match_network(&rule, ADDRESS_SOURCE, &part->subnet, NFT_CMP_EQ);
		if (address_is_set(&part->source)) {
			uint8_t bytes[ADDRESS_BYTES];
			size_t size = address_bytes(&part->source, bytes);
			nft_load(&rule, NFT_R0, bytes, size);
			nft_snat(&rule, table->family, NFT_R0);
		} else {
			nft_masquerade(&rule);
		}
		nft_rule_end(&rule);
	}
	/* From a container to a published port of its own network: the answer has to come back this way. */
	nft_rule_begin(table, masquerade, &rule);
	nft_interface(&rule, NFT_META_OIFNAME, NFT_CMP_EQ, network->bridge);
	match_network(&rule, ADDRESS_SOURCE, &part->subnet, NFT_CMP_EQ);
	match_dnat(&rule);
	nft_masquerade(&rule);
	nft_rule_end(&rule);
}

/* From this host over loopback: a container could not answer to 127.0.0.1. */
static void put_from_loopback(const struct nft_table *table)
{
	struct nft_rule_place rule;
	nft_rule_begin(table, masquerade, &rule);
	nft_interface(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, "lo");
	match_network(&rule, ADDRESS_SOURCE, &loopback, NFT_CMP_EQ);
	match_dnat(&rule);
	nft_masquerade(&rule);
	nft_rule_end(&rule);
}

void nft_put_chains(const struct nft_table *table, const struct nft_rules *rules)
{
	bool mark = table->family == NFPROTO_IPV4 ? rules->mark_four : rules->mark_six;
	char chain[NFT_CHAIN_TEXT];
	static const char *const maps[] = {NFT_INSIDE, NFT_INTO, NFT_OUTOF};
	nft_put_chain(table, "guard", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, NF_ACCEPT);
	nft_put_chain(table, "ports_in", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST, NF_ACCEPT);
	nft_put_chain(table, "ports_out", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, NF_ACCEPT);
	nft_put_chain(table, "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, mark ? NF_DROP : NF_ACCEPT);
	nft_put_chain(table, masquerade, "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, NF_ACCEPT);
	for (size_t i = 0; i < rules->network_count; i++) {
		for (size_t k = 0; k < array_size(maps); k++) {
			if (!nft_has_chain(&rules->networks[i], table->family, maps[k]))
				continue;
			nft_chain_name(maps[k], rules->networks[i].bridge, chain);
			nft_put_chain(table, chain, NULL, 0, 0, 0);
		}
	}
	put_guard(table);
	put_redirects(table, "ports_in");
	put_redirects(table, "ports_out");
	put_forward(table);
	if (table->family == NFPROTO_IPV4)
		put_from_loopback(table);
	for (size_t i = 0; i < rules->network_count; i++) {
		if (subnet_is_set(&part_of(&rules->networks[i], table->family)->subnet))
			put_network(table, &rules->networks[i]);
		put_source(table, &rules->networks[i]);
	}
}

/* --- the bridge table --- */

enum { ARP_SENDER_MAC = 8, ARP_SENDER_IP = 14, NEIGHBOUR_TARGET = 8, ETHER_SOURCE = 6 };

static const char sender[] = "sender";

static void match_ethertype(const struct nft_rule_place *rule, uint16_t type)
{
	uint16_t value = htons(type);
	nft_meta(rule, NFT_META_PROTOCOL, NFT_R0);
	nft_compare(rule, NFT_R0, NFT_CMP_EQ, &value, sizeof value);
}

/* The key of the sets below: the device in R0, then what the frame says. */
static void match_set(const struct nft_rule_place *rule, const char *set, enum nft_payload_bases base, uint32_t offset,
		      uint32_t size, bool absent)
{
	nft_meta(rule, NFT_META_IIF, NFT_R0);
	nft_payload(rule, base, offset, size, NFT_R1);
	nft_lookup_set(rule, set, NFT_R0, absent);
}

/* One rule: frames of this type with a field that is, or is not, the device's own. */
static void put_field(const struct nft_table *table, uint16_t type, const char *set, enum nft_payload_bases base,
		      uint32_t offset, uint32_t size, bool absent, uint32_t verdict)
{
	struct nft_rule_place rule;
	nft_rule_begin(table, sender, &rule);
	if (type)
		match_ethertype(&rule, type);
	match_set(&rule, set, base, offset, size, absent);
	nft_verdict(&rule, verdict);
	nft_rule_end(&rule);
}

/* One rule: frames of this type whose bytes at offset, under the mask, are value. */
static void put_value(const struct nft_table *table, uint16_t type, uint32_t offset, const void *mask,
		      const void *value, uint32_t size, uint32_t verdict)
{
	struct nft_rule_place rule;
	nft_rule_begin(table, sender, &rule);
	if (type)
		match_ethertype(&rule, type);
	if (size) {
		nft_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, offset, size, NFT_R0);
		nft_bitwise(&rule, NFT_R0, mask, size);
		nft_compare(&rule, NFT_R0, NFT_CMP_EQ, value, size);
	}
	nft_verdict(&rule, verdict);
	nft_rule_end(&rule);
}

static void match_icmpv6(const struct nft_rule_place *rule, uint8_t type)
{
	uint8_t protocol = IPPROTO_ICMPV6;
	match_ethertype(rule, ETH_P_IPV6);
	nft_meta(rule, NFT_META_L4PROTO, NFT_R0);
	nft_compare(rule, NFT_R0, NFT_CMP_EQ, &protocol, 1);
	nft_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_R0);
	nft_compare(rule, NFT_R0, NFT_CMP_EQ, &type, 1);
}

static void put_six(const struct nft_table *table)
{
	static const uint8_t routers[] = {134, 137}; /* router advertisement, redirect */
	static const uint8_t ones[ADDRESS_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255,
						    255, 255, 255, 255, 255, 255, 255, 255};
	static const uint8_t link_local[ADDRESS_BYTES] = {0xfe, 0x80}, link_mask[ADDRESS_BYTES] = {0xff, 0xc0},
			     zeros[16];
	struct nft_rule_place rule;
	for (size_t i = 0; i < array_size(routers); i++) {
		nft_rule_begin(table, sender, &rule);
		match_icmpv6(&rule, routers[i]);
		nft_verdict(&rule, NF_DROP);
		nft_rule_end(&rule);
	}
	/* A neighbour advertisement speaks for an own address. Link-local ones are not known here, and lead nowhere
	 * else. */
	nft_rule_begin(table, sender, &rule);
	match_icmpv6(&rule, 136);
	nft_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, NEIGHBOUR_TARGET, 16, NFT_R0);
	nft_bitwise(&rule, NFT_R0, link_mask, 16);
	nft_compare(&rule, NFT_R0, NFT_CMP_NEQ, link_local, 16);
	match_set(&rule, NFT_ADDRESSES_SIX, NFT_PAYLOAD_TRANSPORT_HEADER, NEIGHBOUR_TARGET, 16, true);
	nft_verdict(&rule, NF_DROP);
	nft_rule_end(&rule);
	uint32_t source = offsetof(struct ip6_hdr, ip6_src);
	put_field(table, ETH_P_IPV6, NFT_ADDRESSES_SIX, NFT_PAYLOAD_NETWORK_HEADER, source, 16, false, NF_ACCEPT);
	put_value(table, ETH_P_IPV6, source, link_mask, link_local, 16, NF_ACCEPT);
	put_value(table, ETH_P_IPV6, source, ones, zeros, 16, NF_ACCEPT); /* looking for its own address */
}

void nft_put_guard_chains(const struct nft_table *table)
{
	static const uint8_t ones[4] = {255, 255, 255, 255}, zeros[4];
	struct nft_rule_place rule;
	nft_put_chain(table, sender, "filter", NF_BR_PRE_ROUTING, NF_IP_PRI_RAW, NF_ACCEPT);
	nft_rule_begin(table, sender, &rule);
	nft_meta(&rule, NFT_META_IIF, NFT_R0);
	nft_lookup_set(&rule, NFT_DEVICES, NFT_R0, true);
	nft_verdict(&rule, NF_ACCEPT);
	nft_rule_end(&rule);
	put_field(table, 0, NFT_MACS, NFT_PAYLOAD_LL_HEADER, ETHER_SOURCE, MAC_SIZE, true, NF_DROP);
	uint32_t source = offsetof(struct iphdr, saddr);
	put_field(table, ETH_P_IP, NFT_ADDRESSES, NFT_PAYLOAD_NETWORK_HEADER, source, 4, false, NF_ACCEPT);
	put_field(table, ETH_P_ARP, NFT_MACS, NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER_MAC, MAC_SIZE, true, NF_DROP);
	put_field(table, ETH_P_ARP, NFT_ADDRESSES, NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER_IP, 4, false, NF_ACCEPT);
	put_value(table, ETH_P_ARP, ARP_SENDER_IP, ones, zeros, 4, NF_ACCEPT); /* is the address free? */
	put_six(table);
	put_value(table, 0, 0, NULL, NULL, 0, NF_DROP);
}
