#include "network/subnet.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

#define SUBNET(a, b, length)                                          \
	{                                                             \
		((uint32_t)(a) << 24) | ((uint32_t)(b) << 16), length \
	}

/* moby, daemon/libnetwork/ipamutils: the local scope's default address pools. */
const struct subnet_pool subnet_docker_pools[] = {
    {SUBNET(172, 17, 16), 16}, {SUBNET(172, 18, 16), 16}, {SUBNET(172, 19, 16), 16},  {SUBNET(172, 20, 14), 16},
    {SUBNET(172, 24, 14), 16}, {SUBNET(172, 28, 14), 16}, {SUBNET(192, 168, 16), 20},
};
const size_t subnet_docker_pool_count = array_size(subnet_docker_pools);

int address_parse(const char *text, uint32_t *out_address, struct err *err)
{
	struct in_addr address;
	if (inet_pton(AF_INET, text, &address) != 1)
		return err_set(err, EINVAL, "\"%s\" is not an IPv4 address", text);
	*out_address = ntohl(address.s_addr);
	return 0;
}

void address_text(uint32_t address, char out_text[16])
{
	snprintf(out_text, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

int subnet_parse(const char *text, struct subnet *out_subnet, struct err *err)
{
	const char *slash = strchr(text, '/');
	if (!slash)
		return err_set(err, EINVAL, "\"%s\" is not a network like 172.17.0.1/16", text);
	auto_free char *address = x_strndup(text, (size_t)(slash - text));
	struct subnet subnet;
	int64_t prefix;
	if (address_parse(address, &subnet.address, err) < 0 || number_parse(slash + 1, 0, 32, text, &prefix, err) < 0)
		return -err->code;
	subnet.prefix = (uint8_t)prefix;
	*out_subnet = subnet;
	return 0;
}

uint32_t subnet_mask(uint8_t prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

bool subnet_contains(const struct subnet *subnet, uint32_t address)
{
	return ((subnet->address ^ address) & subnet_mask(subnet->prefix)) == 0;
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
	return subnet_contains(a, subnet_first(b)) || subnet_contains(b, subnet_first(a));
}

void subnet_list_add(struct subnet_list *list, const struct subnet *subnet)
{
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count ? 2 * list->count : 1;
		list->items = x_realloc(list->items, room * sizeof *list->items);
	}
	list->items[list->count++] = *subnet;
}

void subnet_list_done(struct subnet_list *list)
{
	free(list->items);
	*list = (struct subnet_list){0};
}

/* The network that overlaps candidate and reaches furthest, so that one step leaves it behind; NULL: it is free. */
static const struct subnet *in_the_way(const struct subnet_list *taken, const struct subnet *candidate)
{
	const struct subnet *found = NULL;
	for (size_t i = 0; i < taken->count; i++) {
		if (subnet_overlaps(&taken->items[i], candidate) &&
		    (!found || subnet_last(&taken->items[i]) > subnet_last(found)))
			found = &taken->items[i];
	}
	return found;
}

int subnet_choose(const struct subnet_pool *pools, size_t count, const struct subnet_list *taken,
		  struct subnet *out_subnet, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct subnet_pool *pool = &pools[i];
		uint64_t step = 1ULL << (32 - pool->prefix), at = subnet_first(&pool->base);
		uint64_t end = (uint64_t)subnet_last(&pool->base) + 1;
		while (at + step <= end) {
			struct subnet candidate = {(uint32_t)at, pool->prefix};
			const struct subnet *obstacle = in_the_way(taken, &candidate);
			if (!obstacle) {
				*out_subnet = candidate;
				return 0;
			}
			uint64_t behind = (uint64_t)subnet_last(obstacle) + 1;
			at = behind > at + step ? (behind + step - 1) / step * step : at + step;
		}
	}
	return err_set(err, ENOSPC,
		       "no free network: each one in the address pools overlaps a route of this host; set bip or "
		       "default-address-pools");
}

/* --- the addresses of one network --- */

static uint32_t address_count(const struct address_set *set)
{
	uint64_t size = 1ULL << (32 - set->subnet.prefix);
	/* A network wider than /12 is used up to its first million addresses. */
	return (uint32_t)(size < 1U << 20 ? size : 1U << 20);
}

static bool is_taken(const struct address_set *set, uint32_t offset)
{
	return set->bits[offset / 8] >> (offset % 8) & 1;
}

static void mark(struct address_set *set, uint32_t offset)
{
	set->bits[offset / 8] |= (uint8_t)(1U << (offset % 8));
}

void address_set_init(struct address_set *set, const struct subnet *subnet, uint32_t gateway)
{
	*set = (struct address_set){.subnet = *subnet};
	uint32_t count = address_count(set), at = gateway - subnet_first(subnet);
	set->bits = x_alloc(count / 8 + 1);
	mark(set, 0);
	if (subnet_last(subnet) - subnet_first(subnet) < count)
		mark(set, subnet_last(subnet) - subnet_first(subnet));
	if (at < count)
		mark(set, at);
}

void address_set_done(struct address_set *set)
{
	free(set->bits);
	*set = (struct address_set){0};
}

int address_take_lowest(struct address_set *set, uint32_t *out_address, struct err *err)
{
	uint32_t count = address_count(set), at = set->low;
	while (at < count && is_taken(set, at))
		at++;
	if (at == count) {
		char text[16];
		address_text(subnet_first(&set->subnet), text);
		return err_set(err, ENOSPC, "no available IPv4 addresses on this network's address pool: %s/%u", text,
			       set->subnet.prefix);
	}
	mark(set, at);
	set->low = at + 1;
	*out_address = subnet_first(&set->subnet) + at;
	return 0;
}

int address_take(struct address_set *set, uint32_t address, struct err *err)
{
	char text[16];
	address_text(address, text);
	uint32_t offset = address - subnet_first(&set->subnet);
	if (!subnet_contains(&set->subnet, address) || offset >= address_count(set))
		return err_set(err, EINVAL, "address %s is not in the bridge's network", text);
	if (is_taken(set, offset))
		return err_set(err, EEXIST, "Address already in use: %s", text);
	mark(set, offset);
	return 0;
}

void address_give(struct address_set *set, uint32_t address)
{
	uint32_t offset = address - subnet_first(&set->subnet);
	if (!subnet_contains(&set->subnet, address) || offset >= address_count(set))
		BUG("an address of another network");
	set->bits[offset / 8] &= (uint8_t) ~(1U << (offset % 8));
	if (offset < set->low)
		set->low = offset;
}
