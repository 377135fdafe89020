/*
 * The chains of tug's tables and what is in them. For nft.c.
 */
#pragma once

#include "network/nft.h"
#include "network/nft_expression.h"

/* Names of sets and maps. */
#define NFT_PORTS "ports"
#define NFT_OPEN "open"
#define NFT_INSIDE "inside"
#define NFT_INTO "into"
#define NFT_OUTOF "outof"
#define NFT_DEVICES "devices"
#define NFT_MACS "macs"
#define NFT_ADDRESSES "addresses"
#define NFT_ADDRESSES_SIX "addresses6"

/* Base chains, rules and the chains of each network, for the IPv4 or the IPv6 table. */
void nft_put_chains(const struct nft_table *table, const struct nft_rules *rules);
void nft_put_guard_chains(const struct nft_table *table); /* of the bridge table */

/* The chain of a network that a map leads to: "into tug0". */
enum { NFT_CHAIN_TEXT = 32 };
void nft_chain_name(const char *map, const char *bridge, char out_name[NFT_CHAIN_TEXT]);

/* Whether the network has a chain behind this map in the table's family. */
bool nft_has_chain(const struct nft_network *network, uint8_t family, const char *map);

void nft_put_chain(const struct nft_table *table, const char *name, const char *type, uint32_t hook, int32_t priority,
		   uint32_t policy); /* type NULL: no hook */
