#include "cli/create_ports.h"

#include "base/text.h"
#include "docker/port_spec.h"

#include <stdio.h>
#include <string.h>

enum { PORTS_MAX = 65536 };

struct ports {
	struct arena *arena;
	struct set_member *exposed;
	size_t exposed_count;
	struct port_map_entry *entries;
	size_t entry_count;
};

static void port_expose(struct ports *ports, const char *key)
{
	for (size_t i = 0; i < ports->exposed_count; i++) {
		if (text_equal(ports->exposed[i].key, key))
			return;
	}
	ports->exposed[ports->exposed_count++].key = arena_strdup(ports->arena, key);
}

static void port_bind(struct ports *ports, const char *key, const struct port_publish *publish)
{
	size_t at = 0;
	while (at < ports->entry_count && !text_equal(ports->entries[at].key, key))
		at++;
	struct port_map_entry *entry = &ports->entries[at];
	if (at == ports->entry_count) {
		ports->entry_count++;
		entry->key = arena_strdup(ports->arena, key);
	}
	struct port_binding *bindings = arena_array(ports->arena, struct port_binding, entry->bindings.count + 1);
	if (entry->bindings.count > 0)
		memcpy(bindings, entry->bindings.items, entry->bindings.count * sizeof *bindings);
	bindings[entry->bindings.count++] = (struct port_binding){publish->host_ip, publish->host_port};
	entry->bindings.items = bindings;
}

static int publish_all(struct ports *ports, struct port_publish_list *lists, size_t count, struct err *err)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += lists[i].count;
	if (total > PORTS_MAX)
		return err_set(err, E2BIG, "more than %d published ports", PORTS_MAX);
	ports->entries = arena_array(ports->arena, struct port_map_entry, total + 1);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < lists[i].count; k++) {
			const struct port_publish *item = &lists[i].items[k];
			char key[32];
			snprintf(key, sizeof key, "%u/%s", item->container.number,
				 port_protocol_name(item->container.protocol));
			port_expose(ports, key);
			port_bind(ports, key, item);
		}
	}
	return 0;
}

int create_ports(struct cli *cli, const struct create_options *options, struct container_create *request,
		 struct err *err)
{
	size_t count = strv_count(options->publish), total = 0;
	struct ports ports = {.arena = &cli->arena};
	struct port_publish_list *lists = arena_array(&cli->arena, struct port_publish_list, count + 1);
	for (size_t i = 0; i < count; i++) {
		int rc = port_publish_parse(&cli->arena, options->publish[i], &lists[i], err);
		if (rc < 0)
			return rc;
		total += lists[i].count;
	}
	for (char **text = options->expose; text && *text; text++) {
		uint16_t first, last;
		enum port_protocol protocol;
		int rc = port_expose_parse(*text, &first, &last, &protocol, err);
		if (rc < 0)
			return rc;
		total += (size_t)(last - first) + 1;
	}
	ports.exposed = arena_array(&cli->arena, struct set_member, total + 1);
	int rc = publish_all(&ports, lists, count, err);
	for (char **text = options->expose; rc == 0 && text && *text; text++) {
		uint16_t first, last;
		enum port_protocol protocol;
		rc = port_expose_parse(*text, &first, &last, &protocol, err);
		for (uint32_t number = first; rc == 0 && number <= last; number++) {
			char key[32];
			snprintf(key, sizeof key, "%u/%s", number, port_protocol_name(protocol));
			port_expose(&ports, key);
		}
	}
	request->config.exposed_ports.items = ports.exposed;
	request->config.exposed_ports.count = ports.exposed_count;
	request->host.port_bindings.items = ports.entries;
	request->host.port_bindings.count = ports.entry_count;
	return rc;
}
