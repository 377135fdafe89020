#include "network/nft_expression.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

void nft_begin(const struct nft_table *table, const char *what, uint16_t message, uint16_t flags)
{
	struct nfgenmsg header = {.nfgen_family = table->family, .version = NFNETLINK_V0};
	netlink_begin(table->batch, what, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), flags, &header,
		      sizeof header);
}

void nft_rule_begin(const struct nft_table *table, const char *chain, struct nft_rule_place *out_rule)
{
	nft_begin(table, "add an nftables rule", NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_text(table->batch, NFTA_RULE_TABLE, table->name);
	netlink_put_text(table->batch, NFTA_RULE_CHAIN, chain);
	out_rule->batch = table->batch;
	out_rule->expressions = netlink_nest(table->batch, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(const struct nft_rule_place *rule)
{
	netlink_nest_end(rule->batch, rule->expressions);
}

struct expression {
	struct netlink_batch *batch;
	size_t element, data;
};

static struct expression begin(const struct nft_rule_place *rule, const char *name)
{
	struct expression expression = {.batch = rule->batch, .element = netlink_nest(rule->batch, NFTA_LIST_ELEM)};
	netlink_put_text(rule->batch, NFTA_EXPR_NAME, name);
	expression.data = netlink_nest(rule->batch, NFTA_EXPR_DATA);
	return expression;
}

static void end(struct expression expression)
{
	netlink_nest_end(expression.batch, expression.data);
	netlink_nest_end(expression.batch, expression.element);
}

static void put_value(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	size_t nest = netlink_nest(batch, type);
	netlink_put(batch, NFTA_DATA_VALUE, data, size);
	netlink_nest_end(batch, nest);
}

void nft_meta(const struct nft_rule_place *rule, enum nft_meta_keys key, uint32_t out_register)
{
	struct expression expression = begin(rule, "meta");
	netlink_put_be32(rule->batch, NFTA_META_DREG, out_register);
	netlink_put_be32(rule->batch, NFTA_META_KEY, key);
	end(expression);
}

void nft_ct(const struct nft_rule_place *rule, enum nft_ct_keys key, uint32_t out_register)
{
	struct expression expression = begin(rule, "ct");
	netlink_put_be32(rule->batch, NFTA_CT_DREG, out_register);
	netlink_put_be32(rule->batch, NFTA_CT_KEY, key);
	end(expression);
}

static void put_payload(const struct nft_rule_place *rule, enum nft_payload_bases base, uint32_t offset, uint32_t size)
{
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_LEN, size);
}

void nft_payload(const struct nft_rule_place *rule, enum nft_payload_bases base, uint32_t offset, uint32_t size,
		 uint32_t out_register)
{
	struct expression expression = begin(rule, "payload");
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_DREG, out_register);
	put_payload(rule, base, offset, size);
	end(expression);
}

void nft_payload_set(const struct nft_rule_place *rule, uint32_t offset, uint32_t size, uint32_t in_register)
{
	struct expression expression = begin(rule, "payload");
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_SREG, in_register);
	put_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, size);
	netlink_put_be32(rule->batch, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_NONE);
	end(expression);
}

void nft_fib_daddr_type(const struct nft_rule_place *rule, uint32_t out_register)
{
	struct expression expression = begin(rule, "fib");
	netlink_put_be32(rule->batch, NFTA_FIB_DREG, out_register);
	netlink_put_be32(rule->batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(rule->batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(expression);
}

void nft_bitwise(const struct nft_rule_place *rule, uint32_t in_register, const void *mask, size_t size)
{
	static const uint8_t zeros[16];
	struct expression expression = begin(rule, "bitwise");
	netlink_put_be32(rule->batch, NFTA_BITWISE_SREG, in_register);
	netlink_put_be32(rule->batch, NFTA_BITWISE_DREG, in_register);
	netlink_put_be32(rule->batch, NFTA_BITWISE_LEN, (uint32_t)size);
	put_value(rule->batch, NFTA_BITWISE_MASK, mask, size);
	put_value(rule->batch, NFTA_BITWISE_XOR, zeros, size);
	end(expression);
}

void nft_compare(const struct nft_rule_place *rule, uint32_t in_register, enum nft_cmp_ops operation, const void *data,
		 size_t size)
{
	struct expression expression = begin(rule, "cmp");
	netlink_put_be32(rule->batch, NFTA_CMP_SREG, in_register);
	netlink_put_be32(rule->batch, NFTA_CMP_OP, operation);
	put_value(rule->batch, NFTA_CMP_DATA, data, size);
	end(expression);
}

void nft_compare_u32(const struct nft_rule_place *rule, uint32_t in_register, enum nft_cmp_ops operation,
		     uint32_t value)
{
	nft_compare(rule, in_register, operation, &value, sizeof value);
}

void nft_load(const struct nft_rule_place *rule, uint32_t out_register, const void *data, size_t size)
{
	struct expression expression = begin(rule, "immediate");
	netlink_put_be32(rule->batch, NFTA_IMMEDIATE_DREG, out_register);
	put_value(rule->batch, NFTA_IMMEDIATE_DATA, data, size);
	end(expression);
}

void nft_lookup_map(const struct nft_rule_place *rule, const char *map, uint32_t in_register, uint32_t out_register)
{
	struct expression expression = begin(rule, "lookup");
	netlink_put_text(rule->batch, NFTA_LOOKUP_SET, map);
	netlink_put_be32(rule->batch, NFTA_LOOKUP_SREG, in_register);
	netlink_put_be32(rule->batch, NFTA_LOOKUP_DREG, out_register);
	end(expression);
}

void nft_lookup_verdict(const struct nft_rule_place *rule, const char *map, uint32_t in_register)
{
	nft_lookup_map(rule, map, in_register, NFT_REG_VERDICT);
}

void nft_lookup_set(const struct nft_rule_place *rule, const char *set, uint32_t in_register, bool absent)
{
	struct expression expression = begin(rule, "lookup");
	netlink_put_text(rule->batch, NFTA_LOOKUP_SET, set);
	netlink_put_be32(rule->batch, NFTA_LOOKUP_SREG, in_register);
	netlink_put_be32(rule->batch, NFTA_LOOKUP_FLAGS, absent ? NFT_LOOKUP_F_INV : 0);
	end(expression);
}

void nft_dnat(const struct nft_rule_place *rule, uint8_t family, uint32_t address_register, uint32_t port_register)
{
	struct expression expression = begin(rule, "nat");
	netlink_put_be32(rule->batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(rule->batch, NFTA_NAT_FAMILY, family);
	netlink_put_be32(rule->batch, NFTA_NAT_REG_ADDR_MIN, address_register);
	netlink_put_be32(rule->batch, NFTA_NAT_REG_PROTO_MIN, port_register);
	end(expression);
}

void nft_snat(const struct nft_rule_place *rule, uint8_t family, uint32_t address_register)
{
	struct expression expression = begin(rule, "nat");
	netlink_put_be32(rule->batch, NFTA_NAT_TYPE, NFT_NAT_SNAT);
	netlink_put_be32(rule->batch, NFTA_NAT_FAMILY, family);
	netlink_put_be32(rule->batch, NFTA_NAT_REG_ADDR_MIN, address_register);
	end(expression);
}

void nft_masquerade(const struct nft_rule_place *rule)
{
	end(begin(rule, "masq"));
}

void nft_verdict(const struct nft_rule_place *rule, uint32_t verdict)
{
	struct expression expression = begin(rule, "immediate");
	netlink_put_be32(rule->batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = netlink_nest(rule->batch, NFTA_IMMEDIATE_DATA),
	       nest = netlink_nest(rule->batch, NFTA_DATA_VERDICT);
	netlink_put_be32(rule->batch, NFTA_VERDICT_CODE, verdict);
	netlink_nest_end(rule->batch, nest);
	netlink_nest_end(rule->batch, data);
	end(expression);
}

void nft_interface(const struct nft_rule_place *rule, enum nft_meta_keys key, enum nft_cmp_ops operation,
		   const char *name)
{
	char whole[IFNAMSIZ] = "";
	snprintf(whole, sizeof whole, "%s", name);
	nft_meta(rule, key, NFT_REG_1);
	nft_compare(rule, NFT_REG_1, operation, whole, sizeof whole);
}
