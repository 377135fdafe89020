#include "engine/view.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/duration.h"
#include "docker/port_spec.h"
#include "engine/health.h"
#include "engine/membership.h"

#include <stdlib.h>
#include <string.h>

/* --- status and command --- */

const char *view_status(const struct container *container, struct arena *arena)
{
	char length[DURATION_TEXT];
	const char *word = container_status(container);
	bool restarting = text_equal(word, "restarting");
	int64_t since =
	    state_is_running(container->state) && !restarting ? container->started_ns : container->finished_ns;
	int64_t now = time_wall_ns();
	duration_human(now > since ? now - since : 0, length);
	if (text_equal(word, "running")) {
		enum health_status health = health_status(container);
		return health == HEALTH_NONE
			   ? arena_printf(arena, "Up %s", length)
			   : arena_printf(arena, "Up %s (%s%s)", length, health == HEALTH_STARTING ? "health: " : "",
					  health_status_name(health));
	}
	if (text_equal(word, "paused"))
		return arena_printf(arena, "Up %s (Paused)", length);
	if (text_equal(word, "exited"))
		return arena_printf(arena, "Exited (%d) %s ago", container->exit_code, length);
	if (restarting)
		return arena_printf(arena, "Restarting (%d) %s ago", container->exit_code, length);
	return text_equal(word, "removing") ? "Removal In Progress" : text_equal(word, "dead") ? "Dead" : "Created";
}

const char *view_command(char *const *argv, struct arena *arena)
{
	auto_buf text = BUF_INIT(8 << 20);
	for (; argv && *argv; argv++) {
		buf_text(&text, text.len ? " " : "");
		if (!strpbrk(*argv, " \t\n") && **argv) {
			buf_text(&text, *argv);
			continue;
		}
		buf_char(&text, '\'');
		for (const char *c = *argv; *c; c++)
			buf_text(&text, *c == '\'' ? "'\\''" : ((char[]){*c, 0}));
		buf_char(&text, '\'');
	}
	return arena_strdup(arena, buf_str(&text));
}

/* --- network --- */

static char *or_empty(const char *text)
{
	return (char *)(text ? text : "");
}

/* "172.17.0.2/16" taken apart. */
static char *address_part(struct arena *arena, const char *text, int64_t *out_prefix)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	struct err ignored;
	*out_prefix = 0;
	if (!slash || number_parse(slash + 1, 0, 128, "prefix", out_prefix, &ignored) < 0)
		return (char *)"";
	return arena_strndup(arena, text, (size_t)(slash - text));
}

static void endpoint_fill(const struct container *container, struct arena *arena, const struct endpoint_settings *asked,
			  struct endpoint_settings *endpoint)
{
	static const struct container_place none;
	const struct container_place *place = membership_place(container, asked->key);
	bool resolves = !text_equal(endpoint->key, "bridge") && !text_equal(endpoint->key, "host") &&
			!text_equal(endpoint->key, "none");
	endpoint->ipam = asked->ipam;
	endpoint->links = asked->links;
	endpoint->aliases = asked->aliases;
	endpoint->driver_opts = asked->driver_opts;
	endpoint->gw_priority = asked->gw_priority;
	endpoint->dns_names = resolves ? membership_names(container, asked, arena) : NULL;
	endpoint->mac_address = or_empty(place ? place->mac : asked->mac_address);
	place = place ? place : &none;
	endpoint->endpoint_id = or_empty(place->id);
	endpoint->gateway = or_empty(place->gateway_four);
	endpoint->ipv6_gateway = or_empty(place->gateway_six);
	endpoint->ip_address = address_part(arena, place->four, &endpoint->ip_prefix_len);
	endpoint->global_ipv6_address = address_part(arena, place->six, &endpoint->global_ipv6_prefix_len);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct endpoint_settings *)a)->key, ((const struct endpoint_settings *)b)->key);
}

struct endpoint_settings *view_networks(const struct container *container, struct arena *arena, size_t *out_count,
					const struct endpoint_settings **out_bridge)
{
	const struct container_document *document = &container->document;
	size_t count = document->networks.count;
	struct endpoint_settings *endpoints = arena_array(arena, struct endpoint_settings, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct network_record *record =
		    networks_by_id(container->engine, document->networks.items[i].key);
		endpoints[i].key = record ? record->name : document->networks.items[i].key;
		endpoints[i].network_id =
		    record && state_is_running(container->state) ? (char *)record->id : (char *)"";
		endpoint_fill(container, arena, &document->networks.items[i], &endpoints[i]);
	}
	qsort(endpoints, count, sizeof *endpoints, by_name);
	for (size_t i = 0; out_bridge && i < count; i++) {
		if (text_equal(endpoints[i].key, "bridge"))
			*out_bridge = &endpoints[i];
	}
	*out_count = count;
	return endpoints;
}

struct port_map_entry *view_port_map(const struct container *container, struct arena *arena, size_t *out_count)
{
	const struct container_address *address = &container->address;
	const struct container_config *config = &container->document.config;
	struct port_map_entry *entries =
	    arena_array(arena, struct port_map_entry, address->ports.count + config->exposed_ports.count + 1);
	size_t count = 0;
	if (!state_is_running(container->state)) {
		*out_count = 0;
		return entries;
	}
	for (size_t i = 0; i < address->ports.count; i++) {
		const struct container_port *port = &address->ports.items[i];
		size_t at = 0;
		if (port->host_port == 0)
			continue; /* open at the container's own address */
		while (at < count && !text_equal(entries[at].key, port->container))
			at++;
		if (at == count) {
			entries[count].key = port->container;
			entries[count++].bindings.items = arena_array(arena, struct port_binding, address->ports.count);
		}
		entries[at].bindings.items[entries[at].bindings.count++] =
		    (struct port_binding){port->host_ip, arena_printf(arena, "%u", port->host_port)};
	}
	for (size_t i = 0; i < config->exposed_ports.count; i++) {
		size_t at = 0;
		while (at < count && !text_equal(entries[at].key, config->exposed_ports.items[i].key))
			at++;
		if (at == count)
			entries[count++].key = config->exposed_ports.items[i].key;
	}
	*out_count = count;
	return entries;
}

struct port_summary *view_ports(const struct container *container, struct arena *arena, size_t *out_count)
{
	size_t entry_count, count = 0;
	struct port_map_entry *entries = view_port_map(container, arena, &entry_count);
	struct port_summary *ports =
	    arena_array(arena, struct port_summary, entry_count + container->address.ports.count + 1);
	for (size_t i = 0; i < entry_count; i++) {
		struct port port;
		struct err ignored;
		if (port_parse(entries[i].key, &port, &ignored) < 0)
			continue; /* create has checked them */
		struct port_summary base = {.private_port = port.number,
					    .type = (char *)port_protocol_name(port.protocol)};
		if (entries[i].bindings.count == 0)
			ports[count++] = base;
		for (size_t k = 0; k < container->address.ports.count; k++) {
			const struct container_port *real = &container->address.ports.items[k];
			if (real->host_port == 0 || !text_equal(real->container, entries[i].key))
				continue;
			base.ip = real->host_ip;
			base.public_port = real->host_port;
			ports[count++] = base;
		}
	}
	*out_count = count;
	return ports;
}
