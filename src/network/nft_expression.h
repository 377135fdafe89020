/*
 * The instructions of an nftables rule, one function each. A rule is a list of them; a comparison that does not hold
 * ends the rule. Values are in the byte order of the packet unless it is said otherwise.
 */
#pragma once

#include "network/netlink.h"

#include <linux/netfilter/nf_tables.h>

/* 32-bit registers. */
enum nft_register { NFT_R0 = NFT_REG32_00, NFT_R1 = NFT_REG32_01, NFT_R2 = NFT_REG32_02 };

struct nft_rule_place {
	size_t expressions;
};
void nft_rule_begin(struct netlink_batch *batch, const char *table, const char *chain,
		    struct nft_rule_place *out_place);
void nft_rule_end(struct netlink_batch *batch, const struct nft_rule_place *place);

void nft_meta(struct netlink_batch *batch, enum nft_meta_keys key, uint32_t out_register);
void nft_ct(struct netlink_batch *batch, enum nft_ct_keys key, uint32_t out_register);
void nft_payload(struct netlink_batch *batch, enum nft_payload_bases base, uint32_t offset, uint32_t size,
		 uint32_t out_register);
void nft_fib_daddr_type(struct netlink_batch *batch, uint32_t out_register);	    /* RTN_, as a host-order number */
void nft_bitwise(struct netlink_batch *batch, uint32_t in_register, uint32_t mask); /* in place */
void nft_compare(struct netlink_batch *batch, uint32_t in_register, enum nft_cmp_ops operation, const void *data,
		 size_t size);
void nft_compare_u32(struct netlink_batch *batch, uint32_t in_register, enum nft_cmp_ops operation, uint32_t value);
void nft_load_u32(struct netlink_batch *batch, uint32_t out_register, uint32_t value);
void nft_lookup(struct netlink_batch *batch, const char *map, uint32_t in_register, uint32_t out_register);
void nft_dnat(struct netlink_batch *batch, uint32_t address_register, uint32_t port_register);
void nft_masquerade(struct netlink_batch *batch);
void nft_verdict(struct netlink_batch *batch, uint32_t verdict); /* NF_ACCEPT, NF_DROP */

/* Interface name, compared whole. */
void nft_interface(struct netlink_batch *batch, enum nft_meta_keys key, enum nft_cmp_ops operation, const char *name);

/* The header of a message to nf_tables, family ip. */
void nft_begin(struct netlink_batch *batch, const char *what, uint16_t message, uint16_t flags);
