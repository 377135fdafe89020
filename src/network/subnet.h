/*
 * IPv4 networks, address pools and the addresses of one network. Pure; addresses are in host byte order.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct subnet {
	uint32_t address; /* as it was given: of an interface, or the network's own */
	uint8_t prefix;	  /* 0 to 32 */
};

/* "172.17.0.1/16". -EINVAL. */
int subnet_parse(const char *text, struct subnet *out_subnet, struct err *err) must_check;
int address_parse(const char *text, uint32_t *out_address, struct err *err) must_check;
void address_text(uint32_t address, char out_text[16]);

uint32_t subnet_mask(uint8_t prefix);
static inline uint32_t subnet_first(const struct subnet *subnet)
{
	return subnet->address & subnet_mask(subnet->prefix);
}
static inline uint32_t subnet_last(const struct subnet *subnet)
{
	return subnet->address | ~subnet_mask(subnet->prefix);
}
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);
bool subnet_contains(const struct subnet *subnet, uint32_t address);

struct subnet_pool {
	struct subnet base;
	uint8_t prefix; /* of the networks cut from it, not shorter than the base's */
};
extern const struct subnet_pool subnet_docker_pools[];
extern const size_t subnet_docker_pool_count;

struct subnet_list {
	struct subnet *items;
	size_t count;
};
void subnet_list_add(struct subnet_list *list, const struct subnet *subnet);
void subnet_list_done(struct subnet_list *list);

/* The first network of the pools that overlaps none of taken. -ENOSPC names what to do. */
int subnet_choose(const struct subnet_pool *pools, size_t count, const struct subnet_list *taken,
		  struct subnet *out_subnet, struct err *err) must_check;

/* --- the addresses of one network --- */

struct address_set {
	struct subnet subnet;
	uint8_t *bits; /* by distance from the network's first address */
	uint32_t low;  /* all below are taken */
};
/* Takes the network's own address, broadcast, and the gateway. */
void address_set_init(struct address_set *set, const struct subnet *subnet, uint32_t gateway);
void address_set_done(struct address_set *set);
int address_take_lowest(struct address_set *set, uint32_t *out_address, struct err *err) must_check; /* -ENOSPC */
int address_take(struct address_set *set, uint32_t address, struct err *err) must_check; /* -EEXIST, -EINVAL */
void address_give(struct address_set *set, uint32_t address);
