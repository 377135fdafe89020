#include "network/nft_expression.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

void nft_begin(struct netlink_batch *batch, const char *what, uint16_t message, uint16_t flags)
{
	struct nfgenmsg header = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	netlink_begin(batch, what, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), flags, &header, sizeof header);
}

void nft_rule_begin(struct netlink_batch *batch, const char *table, const char *chain, struct nft_rule_place *out_place)
{
	nft_begin(batch, "add an nftables rule", NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_text(batch, NFTA_RULE_TABLE, table);
	netlink_put_text(batch, NFTA_RULE_CHAIN, chain);
	out_place->expressions = netlink_nest(batch, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct netlink_batch *batch, const struct nft_rule_place *place)
{
	netlink_nest_end(batch, place->expressions);
}

struct expression {
	size_t element, data;
};

static struct expression begin(struct netlink_batch *batch, const char *name)
{
	struct expression expression = {.element = netlink_nest(batch, NFTA_LIST_ELEM)};
	netlink_put_text(batch, NFTA_EXPR_NAME, name);
	expression.data = netlink_nest(batch, NFTA_EXPR_DATA);
	return expression;
}

static void end(struct netlink_batch *batch, struct expression expression)
{
	netlink_nest_end(batch, expression.data);
	netlink_nest_end(batch, expression.element);
}

static void put_value(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	size_t nest = netlink_nest(batch, type);
	netlink_put(batch, NFTA_DATA_VALUE, data, size);
	netlink_nest_end(batch, nest);
}

void nft_meta(struct netlink_batch *batch, enum nft_meta_keys key, uint32_t out_register)
{
	struct expression expression = begin(batch, "meta");
	netlink_put_be32(batch, NFTA_META_DREG, out_register);
	netlink_put_be32(batch, NFTA_META_KEY, key);
	end(batch, expression);
}

void nft_ct(struct netlink_batch *batch, enum nft_ct_keys key, uint32_t out_register)
{
	struct expression expression = begin(batch, "ct");
	netlink_put_be32(batch, NFTA_CT_DREG, out_register);
	netlink_put_be32(batch, NFTA_CT_KEY, key);
	end(batch, expression);
}

void nft_payload(struct netlink_batch *batch, enum nft_payload_bases base, uint32_t offset, uint32_t size,
		 uint32_t out_register)
{
	struct expression expression = begin(batch, "payload");
	netlink_put_be32(batch, NFTA_PAYLOAD_DREG, out_register);
	netlink_put_be32(batch, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(batch, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(batch, NFTA_PAYLOAD_LEN, size);
	end(batch, expression);
}

void nft_fib_daddr_type(struct netlink_batch *batch, uint32_t out_register)
{
	struct expression expression = begin(batch, "fib");
	netlink_put_be32(batch, NFTA_FIB_DREG, out_register);
	netlink_put_be32(batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(batch, expression);
}

void nft_bitwise(struct netlink_batch *batch, uint32_t in_register, uint32_t mask)
{
	uint32_t zero = 0;
	struct expression expression = begin(batch, "bitwise");
	netlink_put_be32(batch, NFTA_BITWISE_SREG, in_register);
	netlink_put_be32(batch, NFTA_BITWISE_DREG, in_register);
	netlink_put_be32(batch, NFTA_BITWISE_LEN, sizeof mask);
	put_value(batch, NFTA_BITWISE_MASK, &mask, sizeof mask);
	put_value(batch, NFTA_BITWISE_XOR, &zero, sizeof zero);
	end(batch, expression);
}

void nft_compare(struct netlink_batch *batch, uint32_t in_register, enum nft_cmp_ops operation, const void *data,
		 size_t size)
{
	struct expression expression = begin(batch, "cmp");
	netlink_put_be32(batch, NFTA_CMP_SREG, in_register);
	netlink_put_be32(batch, NFTA_CMP_OP, operation);
	put_value(batch, NFTA_CMP_DATA, data, size);
	end(batch, expression);
}

void nft_compare_u32(struct netlink_batch *batch, uint32_t in_register, enum nft_cmp_ops operation, uint32_t value)
{
	nft_compare(batch, in_register, operation, &value, sizeof value);
}

void nft_load_u32(struct netlink_batch *batch, uint32_t out_register, uint32_t value)
{
	struct expression expression = begin(batch, "immediate");
	netlink_put_be32(batch, NFTA_IMMEDIATE_DREG, out_register);
	put_value(batch, NFTA_IMMEDIATE_DATA, &value, sizeof value);
	end(batch, expression);
}

void nft_lookup(struct netlink_batch *batch, const char *map, uint32_t in_register, uint32_t out_register)
{
	struct expression expression = begin(batch, "lookup");
	netlink_put_text(batch, NFTA_LOOKUP_SET, map);
	netlink_put_be32(batch, NFTA_LOOKUP_SREG, in_register);
	netlink_put_be32(batch, NFTA_LOOKUP_DREG, out_register);
	end(batch, expression);
}

void nft_dnat(struct netlink_batch *batch, uint32_t address_register, uint32_t port_register)
{
	struct expression expression = begin(batch, "nat");
	netlink_put_be32(batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(batch, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	netlink_put_be32(batch, NFTA_NAT_REG_ADDR_MIN, address_register);
	netlink_put_be32(batch, NFTA_NAT_REG_PROTO_MIN, port_register);
	end(batch, expression);
}

void nft_masquerade(struct netlink_batch *batch)
{
	end(batch, begin(batch, "masq"));
}

void nft_verdict(struct netlink_batch *batch, uint32_t verdict)
{
	struct expression expression = begin(batch, "immediate");
	netlink_put_be32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = netlink_nest(batch, NFTA_IMMEDIATE_DATA), nest = netlink_nest(batch, NFTA_DATA_VERDICT);
	netlink_put_be32(batch, NFTA_VERDICT_CODE, verdict);
	netlink_nest_end(batch, nest);
	netlink_nest_end(batch, data);
	end(batch, expression);
}

void nft_interface(struct netlink_batch *batch, enum nft_meta_keys key, enum nft_cmp_ops operation, const char *name)
{
	char whole[IFNAMSIZ] = "";
	snprintf(whole, sizeof whole, "%s", name);
	nft_meta(batch, key, NFT_REG_1);
	nft_compare(batch, NFT_REG_1, operation, whole, sizeof whole);
}
