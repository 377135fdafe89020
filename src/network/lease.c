#include "network/lease.h"

#include <string.h>

/* Where the address is, or would be put. */
static size_t place_of(const struct lease_set *set, unsigned __int128 number)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->taken[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct lease_set *set, size_t at, const struct address *address)
{
	if ((set->count & (set->count - 1)) == 0) {
		size_t room = set->count ? 2 * set->count : 1;
		set->taken = x_realloc(set->taken, room * sizeof *set->taken);
	}
	memmove(set->taken + at + 1, set->taken + at, (set->count - at) * sizeof *set->taken);
	set->taken[at] = *address;
	set->count++;
}

static bool is_at(const struct lease_set *set, size_t at, unsigned __int128 number)
{
	return at < set->count && set->taken[at].number == number;
}

void lease_set_init(struct lease_set *set, const struct subnet *subnet, const struct subnet *range)
{
	*set = (struct lease_set){.subnet = *subnet, .range = subnet_is_set(range) ? *range : *subnet};
	struct address first = subnet_first(subnet), last = subnet_last(subnet);
	if (last.number - first.number < 2)
		return;
	insert(set, 0, &first);
	if (subnet->address.bits == 32)
		insert(set, 1, &last);
}

void lease_set_done(struct lease_set *set)
{
	free(set->taken);
	*set = (struct lease_set){0};
}

int lease_take_lowest(struct lease_set *set, struct address *out_address, struct err *err)
{
	struct address candidate = subnet_first(&set->range), last = subnet_last(&set->range);
	size_t at = place_of(set, candidate.number);
	while (is_at(set, at, candidate.number)) {
		if (candidate.number == last.number)
			return err_set(err, ENOSPC, "no available %s addresses on this network's address pools",
				       candidate.bits == 32 ? "IPv4" : "IPv6");
		candidate.number++;
		at++;
	}
	insert(set, at, &candidate);
	*out_address = candidate;
	return 0;
}

int lease_take(struct lease_set *set, const struct address *address, struct err *err)
{
	char text[ADDRESS_TEXT], network[SUBNET_TEXT];
	if (!subnet_contains(&set->subnet, address)) {
		address_text(address, text);
		subnet_text(&set->subnet, network);
		return err_set(err, EINVAL, "no configured subnet contains IP address %s (it is not in %s)", text,
			       network);
	}
	size_t at = place_of(set, address->number);
	if (is_at(set, at, address->number))
		return err_set(err, EEXIST, "Address already in use");
	insert(set, at, address);
	return 0;
}

void lease_give(struct lease_set *set, const struct address *address)
{
	size_t at = place_of(set, address->number);
	if (!is_at(set, at, address->number))
		BUG("an address that nobody has");
	memmove(set->taken + at, set->taken + at + 1, (set->count - at - 1) * sizeof *set->taken);
	set->count--;
}
