#include "network/subnet.h"
#include "base/text.h"

#include <string.h>

#define POOL(a, b, base_prefix, prefix_)                                                \
	{                                                                               \
		{{(uint32_t)(a) << 24 | (uint32_t)(b) << 16, 32}, base_prefix}, prefix_ \
	}
const struct subnet_pool subnet_docker_pools[] = {
    POOL(172, 17, 16, 16), POOL(172, 18, 16, 16), POOL(172, 19, 16, 16),  POOL(172, 20, 14, 16),
    POOL(172, 24, 14, 16), POOL(172, 28, 14, 16), POOL(192, 168, 16, 20),
};
const size_t subnet_docker_pool_count = array_size(subnet_docker_pools);

int subnet_parse(const char *text, struct subnet *out_subnet, struct err *err)
{
	const char *slash = strchr(text, '/');
	struct err ignored;
	int64_t prefix;
	struct address address;
	if (!slash)
		return err_set(err, EINVAL, "\"%s\" is not a network as in 172.17.0.0/16", text);
	auto_free char *front = x_strndup(text, (size_t)(slash - text));
	if (address_parse(front, &address, &ignored) < 0 ||
	    number_parse(slash + 1, 0, address.bits, "prefix", &prefix, &ignored) < 0)
		return err_set(err, EINVAL, "\"%s\" is not a network as in 172.17.0.0/16", text);
	*out_subnet = (struct subnet){address, (uint8_t)prefix};
	return 0;
}

void subnet_text(const struct subnet *subnet, char out_text[SUBNET_TEXT])
{
	char address[ADDRESS_TEXT];
	address_text(&subnet->address, address);
	if (address[0])
		snprintf(out_text, SUBNET_TEXT, "%s/%u", address, subnet->prefix);
	else
		out_text[0] = 0;
}

/* All ones in the host's part. */
static unsigned __int128 host_bits(const struct subnet *subnet)
{
	unsigned left = subnet->address.bits - subnet->prefix;
	return left >= 128 ? ~(unsigned __int128)0 : ((unsigned __int128)1 << left) - 1;
}

struct address subnet_mask(const struct subnet *subnet)
{
	struct address all = {.bits = subnet->address.bits};
	all.number = all.bits == 128 ? ~(unsigned __int128)0 : 0xffffffff;
	all.number &= ~host_bits(subnet);
	return all;
}

struct address subnet_first(const struct subnet *subnet)
{
	return (struct address){subnet->address.number & ~host_bits(subnet), subnet->address.bits};
}

struct address subnet_last(const struct subnet *subnet)
{
	return (struct address){subnet->address.number | host_bits(subnet), subnet->address.bits};
}

bool subnet_equal(const struct subnet *a, const struct subnet *b)
{
	return address_equal(&a->address, &b->address) && a->prefix == b->prefix;
}

bool subnet_contains(const struct subnet *subnet, const struct address *address)
{
	return subnet->address.bits == address->bits && address->number >= subnet_first(subnet).number &&
	       address->number <= subnet_last(subnet).number;
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
	struct address first_a = subnet_first(a), first_b = subnet_first(b);
	return subnet_contains(a, &first_b) || subnet_contains(b, &first_a);
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
		    (!found || subnet_last(&taken->items[i]).number > subnet_last(found).number))
			found = &taken->items[i];
	}
	return found;
}

static bool choose_from(const struct subnet_pool *pool, const struct subnet_list *taken, struct subnet *out_subnet)
{
	struct subnet candidate = {subnet_first(&pool->base), pool->prefix};
	struct address end = subnet_last(&pool->base);
	for (;;) {
		const struct subnet *obstacle = in_the_way(taken, &candidate);
		if (!obstacle) {
			*out_subnet = candidate;
			return true;
		}
		/* Behind both: the candidate's own end, and the obstacle's, on a border of such networks. */
		struct subnet behind = {subnet_last(obstacle), pool->prefix};
		struct address last = subnet_last(&candidate), further = subnet_last(&behind);
		if (further.number > last.number)
			last = further;
		if (last.number >= end.number)
			return false;
		candidate.address.number = last.number + 1;
	}
}

int subnet_choose(const struct subnet_pool *pools, size_t count, uint8_t bits, const struct subnet_list *taken,
		  struct subnet *out_subnet, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (pools[i].base.address.bits == bits && choose_from(&pools[i], taken, out_subnet))
			return 0;
	}
	return err_set(err, ENOSPC,
		       "all predefined address pools have been fully subnetted: each network in them overlaps a route "
		       "of this host or another network; name one with --subnet, or set default-address-pools");
}
