/*
 * The instructions of an nftables rule, one function each. A rule is a list of them; a comparison that does not hold
 * ends the rule. Values are in the byte order of the packet unless it is said otherwise.
 */
#pragma once

#include "network/netlink.h"

#include <linux/netfilter/nf_tables.h>

/* Where messages go: a table of one family (NFPROTO_). */
struct nft_table {
	struct netlink_batch *batch;
	const char *name;
	uint8_t family;
};

/* 32-bit registers; an IPv6 address takes four. */
enum nft_register {
	NFT_R0 = NFT_REG32_00,
	NFT_R1 = NFT_REG32_01,
	NFT_R2 = NFT_REG32_02,
	NFT_R4 = NFT_REG32_04,
	NFT_R5 = NFT_REG32_05,
};

/* Begins a message of nf_tables for the table's family. */
void nft_begin(const struct nft_table *table, const char *what, uint16_t message, uint16_t flags);

struct nft_rule_place {
	struct netlink_batch *batch;
	size_t expressions;
};
void nft_rule_begin(const struct nft_table *table, const char *chain, struct nft_rule_place *out_rule);
void nft_rule_end(const struct nft_rule_place *rule);

void nft_meta(const struct nft_rule_place *rule, enum nft_meta_keys key, uint32_t out_register);
void nft_ct(const struct nft_rule_place *rule, enum nft_ct_keys key, uint32_t out_register);
void nft_payload(const struct nft_rule_place *rule, enum nft_payload_bases base, uint32_t offset, uint32_t size,
		 uint32_t out_register);
/* Writes the two bytes into the transport header of a packet of this host's own, whose checksum is not made yet. */
void nft_payload_set(const struct nft_rule_place *rule, uint32_t offset, uint32_t size, uint32_t in_register);
void nft_fib_daddr_type(const struct nft_rule_place *rule, uint32_t out_register); /* RTN_, as a host-order number */
void nft_bitwise(const struct nft_rule_place *rule, uint32_t in_register, const void *mask, size_t size); /* in place */
void nft_compare(const struct nft_rule_place *rule, uint32_t in_register, enum nft_cmp_ops operation, const void *data,
		 size_t size);
void nft_compare_u32(const struct nft_rule_place *rule, uint32_t in_register, enum nft_cmp_ops operation,
		     uint32_t value);
void nft_load(const struct nft_rule_place *rule, uint32_t out_register, const void *data, size_t size);
void nft_lookup_map(const struct nft_rule_place *rule, const char *map, uint32_t in_register, uint32_t out_register);
/* A map of verdicts: what is found there is done. */
void nft_lookup_verdict(const struct nft_rule_place *rule, const char *map, uint32_t in_register);
void nft_lookup_set(const struct nft_rule_place *rule, const char *set, uint32_t in_register, bool absent);
void nft_dnat(const struct nft_rule_place *rule, uint8_t family, uint32_t address_register, uint32_t port_register);
void nft_snat(const struct nft_rule_place *rule, uint8_t family, uint32_t address_register);
void nft_masquerade(const struct nft_rule_place *rule);
void nft_verdict(const struct nft_rule_place *rule, uint32_t verdict); /* NF_ACCEPT, NF_DROP */
void nft_interface(const struct nft_rule_place *rule, enum nft_meta_keys key, enum nft_cmp_ops operation,
		   const char *name);
