#include "network/network.h"
#include "base/random.h"
#include "base/text.h"
#include "network/forwarding.h"
#include "network/link_address.h"
#include "network/network_state.h"

#include <string.h>

/* --- opening --- */

static int pool_read(struct subnet_pool *pool, const struct network_pool *config, struct err *err)
{
	if (subnet_parse(config->base, &pool->base, err) < 0)
		return err_wrap(err, "default-address-pools");
	int max = pool->base.address.bits == 32 ? 30 : 126;
	if (config->size < pool->base.prefix || config->size > max)
		return err_set(err, EINVAL, "default-address-pools: %s: size %lld is not from %u to %d", config->base,
			       (long long)config->size, pool->base.prefix, max);
	pool->prefix = (uint8_t)config->size;
	return 0;
}

/* A network of unique local addresses, by chance as RFC 4193 wants it; what is cut from it is recorded. */
static struct subnet_pool pool_unique_local(void)
{
	uint8_t bytes[ADDRESS_BYTES] = {0xfd};
	random_bytes(bytes + 1, 5);
	return (struct subnet_pool){{address_from_bytes(bytes, sizeof bytes), 48}, 64};
}

static int read_pools(struct networks *networks, const struct networks_config *config, struct err *err)
{
	size_t count = config->pool_count ? config->pool_count : subnet_docker_pool_count;
	bool six = false;
	networks->pools = x_alloc((count + 1) * sizeof *networks->pools);
	for (size_t i = 0; i < count; i++) {
		if (!config->pool_count)
			networks->pools[i] = subnet_docker_pools[i];
		else if (pool_read(&networks->pools[i], &config->pools[i], err) < 0)
			return -err->code;
		six |= networks->pools[i].base.address.bits == 128;
	}
	if (!six)
		networks->pools[count++] = pool_unique_local();
	networks->pool_count = count;
	return 0;
}

static int read_config(struct networks *networks, const struct networks_config *config, struct err *err)
{
	networks->table = x_strdup(config->nft_table);
	networks->ip_forward = config->ip_forward;
	networks->ready_max = config->ready > 0 ? (size_t)config->ready : 0;
	networks->ready = x_alloc((networks->ready_max + 1) * sizeof *networks->ready);
	if (strlen(config->nft_table) > LINK_MARK_MAX - sizeof "tug:")
		return err_set(err, EINVAL, "nft-table: \"%s\" is too long", config->nft_table);
	if (read_pools(networks, config, err) < 0)
		return -err->code;
	if (address_parse(text_empty(config->publish_ip) ? "0.0.0.0" : config->publish_ip, &networks->publish_ip, err) <
	    0)
		return err_wrap(err, "ip");
	return 0;
}

/*
 * Once after a start: where an earlier engine left devices, the tables are brought to what the record says now, and
 * what belonged to containers that ended meanwhile goes. On failure the next use tries again and says why.
 */
static void settle(struct loop_timer *timer)
{
	struct networks *networks = container_of(timer, struct networks, settle);
	struct link_info link;
	struct err ignored;
	bool any = false, used = false;
	for (struct network *at = networks->first; at; at = at->next) {
		if (at->driver->rules && link_find(&networks->route, at->device, &link, &ignored) == 0 && link.index)
			any |= network_up(at, &ignored) == 0;
		used |= at->standard && at->endpoints;
	}
	if (any && rules_up(networks, &ignored) == 0 && used)
		pool_fill_later(networks);
}

int networks_open(struct loop *loop, const struct networks_config *config, struct networks **out_networks,
		  struct err *err)
{
	struct networks *networks = x_alloc(sizeof *networks);
	networks->loop = loop;
	networks->home.namespace_fd = networks->route.fd = networks->netfilter.fd = networks->watch.fd = -1;
	if (read_config(networks, config, err) < 0 || sandbox_home_open(&networks->home, err) < 0 ||
	    netlink_open(NETLINK_ROUTE, &networks->route, err) < 0 ||
	    netlink_open(NETLINK_NETFILTER, &networks->netfilter, err) < 0) {
		networks_close(networks);
		return -err->code;
	}
	loop_timer_start(loop, &networks->settle, 0, settle);
	*out_networks = networks;
	return 0;
}

static void network_free(struct network *network)
{
	while (network->endpoints) {
		struct network_endpoint *endpoint = network->endpoints;
		network->endpoints = endpoint->next;
		endpoint_free(endpoint);
	}
	for (size_t i = 0; i < network->part_count; i++)
		lease_set_done(&network->parts[i].leases);
	arena_done(&network->arena);
	free(network->parts);
	free(network->id);
	free(network->name);
	free(network);
}

void networks_close(struct networks *networks)
{
	if (!networks)
		return;
	loop_timer_stop(&networks->fill);
	loop_timer_stop(&networks->settle);
	loop_timer_stop(&networks->forget);
	rules_watch_stop(networks);
	for (size_t i = 0; i < networks->ready_count; i++)
		cleanup_fd(&networks->ready[i].namespace_fd);
	while (networks->published) {
		struct network_ports *ports = networks->published;
		networks->published = ports->next;
		ports_free(ports);
	}
	while (networks->first) {
		struct network *network = networks->first;
		networks->first = network->next;
		network_free(network);
	}
	port_table_done(&networks->ports);
	netlink_done(&networks->route);
	netlink_done(&networks->netfilter);
	cleanup_fd(&networks->home.namespace_fd);
	free(networks->released);
	free(networks->ready);
	free(networks->pools);
	free(networks->table);
	free(networks);
}

/* --- subnets --- */

static int collect(void *cookie, const struct subnet *route)
{
	subnet_list_add(cookie, route);
	return 0;
}

/* All that a new network must keep clear of: the host's routes, unless somebody names a network, and other networks. */
static int taken_list(const struct networks *networks, bool routes, struct subnet_list *taken, struct err *err)
{
	for (const struct network *at = networks->first; at; at = at->next) {
		for (size_t i = 0; i < at->part_count; i++)
			subnet_list_add(taken, &at->parts[i].subnet);
	}
	return routes ? link_routes((struct netlink *)&networks->route, collect, taken, err) : 0;
}

/* Docker's checks of one range, in its words; each line is one fault. */
static int range_check(const struct network_range *range, struct err *err)
{
	char subnet[SUBNET_TEXT], text[SUBNET_TEXT];
	struct address first = subnet_first(&range->subnet);
	subnet_text(&range->subnet, subnet);
	if (!subnet_is_set(&range->subnet))
		return 0;
	if (!address_equal(&first, &range->subnet.address)) {
		struct subnet right = {first, range->subnet.prefix};
		subnet_text(&right, text);
		return err_set(err, EINVAL, "invalid network config:\ninvalid subnet %s: it should be %s", subnet,
			       text);
	}
	if (subnet_is_set(&range->range)) {
		struct address last = subnet_last(&range->range), begin = subnet_first(&range->range);
		subnet_text(&range->range, text);
		if (!subnet_contains(&range->subnet, &begin) || !subnet_contains(&range->subnet, &last))
			return err_set(err, EINVAL,
				       "invalid network config:\ninvalid ip-range %s: parent subnet %s doesn't contain "
				       "ip-range",
				       text, subnet);
	}
	address_text(&range->gateway, text);
	if (address_is_set(&range->gateway) && !subnet_contains(&range->subnet, &range->gateway))
		return err_set(err, EINVAL,
			       "invalid network config:\ninvalid gateway %s: parent subnet %s doesn't contain this "
			       "address",
			       text, subnet);
	for (size_t i = 0; i < range->reserved_count; i++) {
		address_text(&range->reserved[i], text);
		if (!subnet_contains(&range->subnet, &range->reserved[i]))
			return err_set(
			    err, EINVAL,
			    "invalid network config:\ninvalid auxiliary address %s: parent subnet %s doesn't "
			    "contain this address",
			    text, subnet);
	}
	return 0;
}

static int overlaps_check(const struct networks *networks, const struct network_spec *spec, struct err *err)
{
	struct subnet_list taken = {0};
	int result = taken_list(networks, false, &taken, err);
	for (size_t i = 0; result == 0 && i < spec->range_count; i++) {
		const struct subnet *subnet = &spec->ranges[i].subnet;
		for (size_t k = 0; subnet_is_set(subnet) && k < taken.count; k++) {
			if (subnet_overlaps(subnet, &taken.items[k]))
				result = err_set(err, EPERM,
						 "invalid pool request: Pool overlaps with other one on this address "
						 "space");
		}
		if (subnet_is_set(subnet))
			subnet_list_add(&taken, subnet);
	}
	subnet_list_done(&taken);
	return result;
}

/* The default bridge keeps an address that its device has: containers may be using it. */
static int adopt_device(struct network *network, struct network_range *range, struct err *err)
{
	struct link_info link;
	struct subnet_list there = {0};
	if (link_find(&network->networks->route, network->device, &link, err) < 0)
		return -err->code;
	if (!link.index || !link.bridge)
		return 0;
	int result = link_addresses(&network->networks->route, link.index, 32, &there, err);
	if (result == 0 && there.count) {
		range->subnet = (struct subnet){subnet_first(&there.items[0]), there.items[0].prefix};
		range->gateway = there.items[0].address;
	}
	subnet_list_done(&there);
	return result;
}

static int range_choose(struct network *network, struct network_range *range, uint8_t bits, struct err *err)
{
	struct networks *networks = network->networks;
	struct subnet_list taken = {0};
	if (network->standard && bits == 32 && adopt_device(network, range, err) < 0)
		return -err->code;
	if (subnet_is_set(&range->subnet))
		return 0;
	int result = taken_list(networks, true, &taken, err);
	if (result == 0)
		result = subnet_choose(networks->pools, networks->pool_count, bits, &taken, &range->subnet, err);
	subnet_list_done(&taken);
	return result;
}

/* A range with its leases; the gateway is the first address unless it is named. */
static int part_make(struct network *network, struct network_range *range, struct err *err)
{
	struct network_part *part = &network->parts[network->part_count];
	part->subnet = range->subnet;
	lease_set_init(&part->leases, &range->subnet, &range->range);
	network->part_count++;
	for (size_t i = 0; i < range->reserved_count; i++) {
		if (lease_take(&part->leases, &range->reserved[i], err) < 0)
			return err_wrap(err, "failed to allocate secondary ip address");
	}
	bool four = range->subnet.address.bits == 32;
	int64_t mode = four ? network->options.mode_four : network->options.mode_six;
	if (network->driver == &driver_bridge && mode == NFT_ISOLATED && !address_is_set(&range->gateway))
		return 0; /* nobody has the address */
	if (address_is_set(&range->gateway)) {
		if (lease_take(&part->leases, &range->gateway, err) < 0)
			return err->code == EEXIST
				   ? err_set(err, EPERM, "failed to allocate gateway: Address already in use")
				   : -err->code;
	} else if (lease_take_lowest(&part->leases, &range->gateway, err) < 0) {
		return err_wrap(err, "failed to allocate gateway");
	}
	part->gateway = range->gateway;
	return 0;
}

static size_t family_count(const struct network_spec *spec, uint8_t bits)
{
	size_t count = 0;
	for (size_t i = 0; i < spec->range_count; i++)
		count += spec->ranges[i].subnet.address.bits == bits;
	return count;
}

/* Ranges without a subnet stand for "any"; a family that has none gets one of its own. */
static int ranges_complete(struct network *network, struct network_spec *spec, struct err *err)
{
	const struct {
		bool wanted;
		uint8_t bits;
	} rows[] = {{spec->four, 32}, {spec->six, 128}};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct network_range *open = NULL;
		if (!rows[i].wanted || family_count(spec, rows[i].bits) > 0)
			continue;
		for (size_t k = 0; k < spec->range_count && !open; k++) {
			if (!subnet_is_set(&spec->ranges[k].subnet))
				open = &spec->ranges[k];
		}
		if (!open) { /* the caller left room for two more */
			open = &spec->ranges[spec->range_count++];
			*open = (struct network_range){0};
		}
		if (range_choose(network, open, rows[i].bits, err) < 0)
			return -err->code;
	}
	return 0;
}

static int ranges_take(struct network *network, struct network_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->range_count; i++) {
		if (range_check(&spec->ranges[i], err) < 0)
			return -err->code;
	}
	if (!network->driver->many && (family_count(spec, 32) > 1 || family_count(spec, 128) > 1))
		return err_set(err, EPERM, "%s driver doesn't support multiple subnets", network->driver->name);
	if (overlaps_check(network->networks, spec, err) < 0 || ranges_complete(network, spec, err) < 0)
		return -err->code;
	network->parts = x_alloc((spec->range_count + 1) * sizeof *network->parts);
	for (size_t i = 0; i < spec->range_count; i++) {
		bool four = spec->ranges[i].subnet.address.bits == 32;
		if ((four ? spec->four : spec->six) && part_make(network, &spec->ranges[i], err) < 0)
			return -err->code;
	}
	return 0;
}

/* --- networks --- */

int network_up(struct network *network, struct err *err)
{
	if (network->up || !network->driver->up)
		return 0;
	int result = network->driver->up(network, err);
	network->up = result == 0;
	if (result == 0 && network->driver->rules)
		network->networks->rules_up = false; /* it belongs in there */
	return result;
}

static int network_make(struct network *network, struct network_spec *spec, struct err *err)
{
	const struct networks *networks = network->networks;
	for (const struct network *at = networks->first; at && network->driver->single; at = at->next) {
		if (at->driver == network->driver)
			return err_set(err, EPERM, "only one instance of \"%s\" network is allowed", spec->driver);
	}
	if (network_options_read(&network->arena, spec->options, &network->options, err) < 0 ||
	    (network->driver->check && network->driver->check(network, err) < 0))
		return -err->code;
	if (!network->driver->addresses)
		return 0;
	if (!spec->four && !spec->six)
		return err_set(err, EINVAL, "IPv4 or IPv6 must be enabled");
	return ranges_take(network, spec, err);
}

static void network_link(struct network *network)
{
	network->next = network->networks->first;
	network->networks->first = network;
}

static void network_unlink(struct network *network)
{
	struct network **link = &network->networks->first;
	while (*link != network)
		link = &(*link)->next;
	*link = network->next;
}

int network_add(struct networks *networks, struct network_spec *spec, struct network **out_network, struct err *err)
{
	const struct network_driver *driver = driver_find(spec->driver);
	if (!driver)
		return err_set(err, ENOENT, "plugin \"%s\" not found", spec->driver);
	struct network *network = x_alloc(sizeof *network);
	network->networks = networks;
	network->driver = driver;
	network->id = x_strdup(spec->id);
	network->name = x_strdup(spec->name);
	network->internal = spec->internal;
	network->four = spec->four;
	network->six = spec->six;
	network->standard = spec->standard;
	int result = network_make(network, spec, err);
	if (result < 0) {
		network_free(network);
		return result;
	}
	network_link(network);
	if (!spec->existing && !spec->standard) {
		result = network_up(network, err);
		if (result == 0 && driver->rules)
			result = rules_up(networks, err);
		if (result < 0)
			network_remove(network);
	}
	if (result == 0)
		*out_network = network;
	return result;
}

void network_remove(struct network *network)
{
	struct networks *networks = network->networks;
	struct err ignored;
	pool_drop(networks, network);
	forget_now(networks);
	if (network->driver->down)
		network->driver->down(network);
	bool had_rules = network->up && network->driver->rules;
	network_unlink(network);
	network_free(network);
	/* On failure the next use makes the tables anew. */
	if (had_rules && rules_replace(networks, &ignored) < 0)
		networks->rules_up = false;
}

/* --- looking --- */

const char *network_driver_name(const struct network *network)
{
	return network->driver->name;
}

const char *network_device(const struct network *network)
{
	return network->driver == &driver_bridge ? network->device : "";
}

bool network_has_addresses(const struct network *network)
{
	return network->driver->addresses;
}

bool network_resolves(const struct network *network)
{
	return network->driver->addresses && !network->standard;
}

bool network_publishes(const struct network *network)
{
	return network->driver->rules && !network->internal;
}

struct address network_gateway(const struct network *network, uint8_t bits)
{
	for (size_t i = 0; i < network->part_count; i++) {
		if (network->parts[i].subnet.address.bits == bits)
			return network->parts[i].gateway;
	}
	return ADDRESS_NONE;
}

struct network_part *network_part(struct network *network, uint8_t bits, const struct address *address)
{
	for (size_t i = 0; i < network->part_count; i++) {
		struct network_part *part = &network->parts[i];
		if (part->subnet.address.bits == bits && (!address || subnet_contains(&part->subnet, address)))
			return part;
	}
	return NULL;
}

/* --- purge --- */

int networks_sweep(struct networks *networks, struct err *err)
{
	char mark[LINK_MARK_MAX];
	size_t count = 0;
	for (const struct network *at = networks->first; at; at = at->next)
		count++;
	auto_free const char **kept = x_alloc((count + 1) * sizeof *kept);
	count = 0;
	for (const struct network *at = networks->first; at; at = at->next)
		kept[count++] = at->device;
	snprintf(mark, sizeof mark, "tug:%s", networks->table);
	return link_delete_marked(&networks->route, mark, kept, err);
}

int networks_purge(const char *nft_table, struct err *err)
{
	auto_netlink route = {.fd = -1}, netfilter = {.fd = -1};
	bool four = false, six = false;
	char mark[LINK_MARK_MAX];
	snprintf(mark, sizeof mark, "tug:%s", nft_table);
	if (netlink_open(NETLINK_ROUTE, &route, err) < 0 || netlink_open(NETLINK_NETFILTER, &netfilter, err) < 0 ||
	    nft_read_marks(&netfilter, nft_table, &four, &six, err) < 0)
		return -err->code;
	/* The marks go last but one: an interrupted purge can be repeated. */
	if (link_delete_marked(&route, mark, NULL, err) < 0 || (four && forwarding_set(false, false, err) < 0) ||
	    (six && forwarding_set(true, false, err) < 0))
		return -err->code;
	return nft_delete(&netfilter, nft_table, err);
}
