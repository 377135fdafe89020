/* What the networks together have in tug's nftables tables, and watching that it stays so. */
#include "network/forwarding.h"
#include "network/network_state.h"

#include "base/text.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Repairs follow each other at this distance: whoever changes a table changes it in several steps. */
#define REPAIR_DELAY_NS 20000000LL
#define REPAIR_AGAIN_NS 500000000LL

static struct nft_part part_describe(struct network *network, uint8_t bits, int64_t mode, const struct address *source)
{
	const struct network_part *part = network_part(network, bits, NULL);
	struct nft_part result = {.mode = (enum nft_mode)mode, .source = *source};
	if (part)
		result.subnet = part->subnet;
	return result;
}

static void network_describe(struct network *network, struct arena *arena, struct nft_network *out_network)
{
	const struct network_options *options = &network->options;
	*out_network = (struct nft_network){
	    .bridge = network->device,
	    .four = part_describe(network, 32, options->mode_four, &options->source_four),
	    .six = part_describe(network, 128, options->mode_six, &options->source_six),
	    .internal = network->internal,
	    .icc = options->icc,
	    .masquerade = options->masquerade,
	};
	if (options->trusted[0]) {
		auto_strv char **names = strv_split(options->trusted, ':');
		size_t count = strv_count(names);
		char **trusted = arena_array(arena, char *, count + 1);
		for (size_t i = 0; i < count; i++)
			trusted[i] = arena_strdup(arena, names[i]);
		out_network->trusted = trusted;
	}
}

/* Everything that is there now. Counted first, then filled. */
static void gather(struct networks *networks, struct arena *arena, struct nft_rules *rules)
{
	size_t network_count = 0, source_count = 0, port_count = 0;
	for (struct network *at = networks->first; at; at = at->next) {
		network_count++;
		for (struct network_endpoint *endpoint = at->endpoints; endpoint; endpoint = endpoint->next)
			source_count++;
	}
	for (struct network_ports *ports = networks->published; ports; ports = ports->next)
		port_count += ports->count;
	struct nft_network *described = arena_array(arena, struct nft_network, network_count + 1);
	struct nft_source *sources = arena_array(arena, struct nft_source, source_count + 1);
	struct nft_port *elements = arena_array(arena, struct nft_port, port_count + 1);
	for (struct network *at = networks->first; at; at = at->next) {
		if (!at->driver->rules || !at->up)
			continue;
		rules->six |= at->six;
		network_describe(at, arena, &described[rules->network_count++]);
		for (struct network_endpoint *endpoint = at->endpoints; endpoint; endpoint = endpoint->next) {
			if (endpoint->place.port && at->options.source_filter)
				endpoint_source(endpoint, arena_array(arena, struct address, ENDPOINT_ADDRESSES_MAX),
						&sources[rules->source_count++]);
		}
	}
	for (struct network_ports *ports = networks->published; ports; ports = ports->next)
		rules->port_count += ports_elements(ports, elements + rules->port_count);
	rules->networks = described;
	rules->sources = sources;
	rules->ports = elements;
}

int rules_replace(struct networks *networks, struct err *err)
{
	auto_arena arena = {0};
	struct nft_rules rules = {.table = networks->table,
				  .six = networks->six,
				  .mark_four = networks->mark_four,
				  .mark_six = networks->mark_six};
	gather(networks, &arena, &rules);
	networks->six = rules.six;
	return nft_replace(&networks->netfilter, &rules, err);
}

/* --- the watch --- */

static void repair(struct loop_timer *timer)
{
	struct networks *networks = container_of(timer, struct networks, repair);
	struct err ignored;
	if (rules_replace(networks, &ignored) < 0)
		loop_timer_start(networks->loop, &networks->repair, REPAIR_AGAIN_NS, repair);
}

/* A notice about a table of ours that somebody else caused. Every kind of message has the table's name first. */
static bool is_foreign(const struct networks *networks, const struct nlmsghdr *message)
{
	const struct nlattr *attributes[NFTA_TABLE_NAME + 1];
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || message->nlmsg_pid == networks->own_port ||
	    (message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		return false;
	netlink_attributes(message, sizeof(struct nfgenmsg), attributes, array_size(attributes));
	const char *table = netlink_text(attributes[NFTA_TABLE_NAME]);
	return table && text_equal(table, networks->table);
}

static void watch_ready(struct loop_io *io, uint32_t events)
{
	enum { ROOM = 64 << 10 };
	struct networks *networks = container_of(io, struct networks, watch_io);
	auto_free char *space = x_alloc(ROOM);
	bool foreign = false;
	(void)events;
	for (;;) {
		ssize_t got = recv(networks->watch.fd, space, ROOM, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) { /* some are lost */
			foreign = true;
			continue;
		}
		if (got <= 0)
			break;
		size_t left = (size_t)got;
		for (const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)space;
		     NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
			foreign |= is_foreign(networks, message);
	}
	if (foreign && !networks->repair.loop)
		loop_timer_start(networks->loop, &networks->repair, REPAIR_DELAY_NS, repair);
}

/* Without the watch the tables are still made; they are only not looked after. */
static void watch_start(struct networks *networks)
{
	int group = NFNLGRP_NFTABLES;
	struct sockaddr_nl own = {0};
	socklen_t size = sizeof own;
	struct err ignored;
	if (networks->watch.fd >= 0 || netlink_open(NETLINK_NETFILTER, &networks->watch, &ignored) < 0)
		return;
	if (getsockname(networks->netfilter.fd, (struct sockaddr *)&own, &size) < 0 ||
	    setsockopt(networks->watch.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ||
	    loop_io_add(networks->loop, &networks->watch_io, networks->watch.fd, EPOLLIN, watch_ready, &ignored) < 0) {
		netlink_done(&networks->watch);
		return;
	}
	networks->own_port = own.nl_pid;
}

void rules_watch_stop(struct networks *networks)
{
	loop_timer_stop(&networks->repair);
	loop_io_remove(&networks->watch_io);
	netlink_done(&networks->watch);
}

/* --- making and changing --- */

/* Which families are to be forwarded, and are not: the mark in the tables survives a crash in between. */
static int forwarding_read(struct networks *networks, bool *out_four, bool *out_six, struct err *err)
{
	bool four = true, six = true, wants_six = false;
	for (const struct network *at = networks->first; at; at = at->next)
		wants_six |= at->up && at->six && at->driver->rules;
	if (networks->ip_forward &&
	    (forwarding_get(false, &four, err) < 0 || (wants_six && forwarding_get(true, &six, err) < 0)))
		return -err->code;
	*out_four = !four;
	*out_six = !six;
	return 0;
}

int rules_up(struct networks *networks, struct err *err)
{
	bool four = false, six = false, mark_four = false, mark_six = false;
	if (networks->rules_up)
		return 0;
	watch_start(networks);
	if (nft_read_marks(&networks->netfilter, networks->table, &mark_four, &mark_six, err) < 0 ||
	    forwarding_read(networks, &four, &six, err) < 0)
		return -err->code;
	networks->mark_four |= mark_four | four;
	networks->mark_six |= mark_six | six;
	if (rules_replace(networks, err) < 0)
		return -err->code;
	for (const struct network *at = networks->first; at; at = at->next) {
		if (at->up && at->driver->rules && forwarding_bridge(at->device, at->six, err) < 0)
			return -err->code;
	}
	if ((four && forwarding_set(false, true, err) < 0) || (six && forwarding_set(true, true, err) < 0))
		return -err->code;
	networks->rules_up = true;
	return 0;
}

int rules_add(struct networks *networks, const struct nft_change *change, struct err *err)
{
	int result = nft_add(&networks->netfilter, networks->table, change, err);
	/* Somebody removed a table, or an element of it came with a repair: all of it again. */
	return result == -ENOENT || result == -EEXIST ? rules_replace(networks, err) : result;
}

void rules_remove(struct networks *networks, const struct nft_change *change)
{
	struct err ignored;
	if (nft_remove(&networks->netfilter, networks->table, change, &ignored) < 0)
		networks->rules_up = false; /* the next use makes the tables anew, without these */
}
