/*
 * Networks of both families and the pools that new ones are cut from. Pure.
 */
#pragma once

#include "network/address.h"

enum { SUBNET_TEXT = ADDRESS_TEXT + 4 };

struct subnet {
	struct address address; /* as it was given: of an interface, or the network's own */
	uint8_t prefix;
};

/* "172.17.0.1/16", "fd00::/64". -EINVAL. */
int subnet_parse(const char *text, struct subnet *out_subnet, struct err *err) must_check;
void subnet_text(const struct subnet *subnet, char out_text[SUBNET_TEXT]); /* as it was given; "" for none */

static inline bool subnet_is_set(const struct subnet *subnet)
{
	return subnet->address.bits != 0;
}
struct address subnet_mask(const struct subnet *subnet);
struct address subnet_first(const struct subnet *subnet);
struct address subnet_last(const struct subnet *subnet);
bool subnet_equal(const struct subnet *a, const struct subnet *b); /* address and prefix */
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);
bool subnet_contains(const struct subnet *subnet, const struct address *address);

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

/* The first network of the pools of this family that overlaps none of taken. -ENOSPC names what to do. */
int subnet_choose(const struct subnet_pool *pools, size_t count, uint8_t bits, const struct subnet_list *taken,
		  struct subnet *out_subnet, struct err *err) must_check;
