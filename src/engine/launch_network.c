#include "engine/launch_network.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "network/hosts.h"
#include "network/network.h"

#include <fcntl.h>
#include <string.h>

enum { HOSTS_MAX = 1 << 20, PORTS_MAX = 65536 };

/* --- ports --- */

struct port_list {
	struct network_publish *items;
	size_t count;
};

static int port_add(struct port_list *list, const char *key, const char *host_ip, const char *host_port,
		    struct err *err)
{
	struct network_publish *item = &list->items[list->count];
	int rc = port_parse(key, &item->container, err);
	if (rc == 0)
		rc = port_range_parse(host_port ? host_port : "", "HostPort", &item->first, &item->last, err);
	item->host_ip = host_ip;
	list->count += rc == 0;
	return rc;
}

/* What was asked for by name; with --publish-all every exposed port besides. */
static int ports_gather(const struct container *container, struct arena *arena, struct port_list *list, struct err *err)
{
	const struct host_config *host = &container->document.host;
	const struct container_config *config = &container->document.config;
	size_t room = config->exposed_ports.count;
	for (size_t i = 0; i < host->port_bindings.count; i++)
		room += host->port_bindings.items[i].bindings.count + 1;
	if (room > PORTS_MAX)
		return err_set(err, E2BIG, "more than %d published ports", PORTS_MAX);
	list->items = arena_array(arena, struct network_publish, room + 1);
	int rc = 0;
	for (size_t i = 0; i < host->port_bindings.count; i++) {
		const struct port_map_entry *entry = &host->port_bindings.items[i];
		for (size_t k = 0; rc == 0 && k < entry->bindings.count; k++)
			rc = port_add(list, entry->key, entry->bindings.items[k].host_ip,
				      entry->bindings.items[k].host_port, err);
		if (rc == 0 && entry->bindings.count == 0)
			rc = port_add(list, entry->key, "", "", err);
	}
	for (size_t i = 0; rc == 0 && host->publish_all_ports && i < config->exposed_ports.count; i++) {
		bool named = false;
		for (size_t k = 0; k < host->port_bindings.count && !named; k++)
			named = text_equal(host->port_bindings.items[k].key, config->exposed_ports.items[i].key);
		if (!named)
			rc = port_add(list, config->exposed_ports.items[i].key, "", "", err);
	}
	return rc;
}

/* --- the place --- */

static void address_fill(struct container *container)
{
	const struct network_endpoint *endpoint = container->endpoint;
	struct arena *arena = &container->address_arena;
	arena_done(arena);
	container->address = (struct container_address){
	    .network = container->document.host.network_mode,
	    .address = arena_strdup(arena, endpoint->address),
	    .gateway = arena_strdup(arena, endpoint->gateway),
	    .mac = arena_strdup(arena, endpoint->mac),
	    .prefix = endpoint->prefix,
	};
	struct container_port *ports = arena_array(arena, struct container_port, endpoint->binding_count + 1);
	for (size_t i = 0; i < endpoint->binding_count; i++) {
		const struct network_binding *binding = &endpoint->bindings[i];
		ports[i].container = arena_printf(arena, "%u/%s", binding->container.number,
						  port_protocol_name(binding->container.protocol));
		ports[i].host_ip = arena_strdup(arena, binding->host_ip);
		ports[i].host_port = binding->host_port;
	}
	container->address.ports.items = ports;
	container->address.ports.count = endpoint->binding_count;
}

int launch_network_connect(struct container *container, int *out_namespace, struct err *err)
{
	const char *mode = container->document.host.network_mode;
	struct network *network = container->engine->network;
	auto_arena arena = {0};
	struct port_list ports = {0};
	arena_done(&container->address_arena);
	container->address = (struct container_address){.network = container->document.host.network_mode};
	if (text_equal(mode, "host"))
		return 0;
	bool bridge = text_equal(mode, "bridge");
	int rc = bridge ? ports_gather(container, &arena, &ports, err) : 0;
	if (rc < 0)
		return rc;
	rc = network_connect(network, bridge ? NETWORK_BRIDGE : NETWORK_NONE, ports.items, ports.count,
			     &container->endpoint, out_namespace, err);
	if (rc == -EADDRINUSE)
		return err_wrap(err,
				"failed to set up container networking: driver failed programming external "
				"connectivity on endpoint "
				"%s (%s)",
				container->name, container->id);
	if (rc < 0)
		return err_wrap(err, "failed to set up container networking");
	address_fill(container);
	return 0;
}

void launch_network_disconnect(struct container *container)
{
	network_disconnect(container->engine->network, container->endpoint);
	container->endpoint = NULL;
	arena_done(&container->address_arena);
	container->address = (struct container_address){.network = container->document.host.network_mode};
}

int launch_network_adopt(struct container *container, struct err *err)
{
	const struct container_address *address = &container->address;
	auto_arena arena = {0};
	if (text_empty(address->address))
		return 0;
	struct network_binding *bindings = arena_array(&arena, struct network_binding, address->ports.count + 1);
	for (size_t i = 0; i < address->ports.count; i++) {
		const struct container_port *port = &address->ports.items[i];
		int rc = port_parse(port->container, &bindings[i].container, err);
		if (rc < 0)
			return rc;
		snprintf(bindings[i].host_ip, sizeof bindings[i].host_ip, "%s", port->host_ip);
		bindings[i].host_port = (uint16_t)port->host_port;
	}
	return network_adopt(container->engine->network, address->address, bindings, address->ports.count,
			     &container->endpoint, err);
}

/* --- files --- */

/* Not atomic and not synchronised: it is made anew with every start. */
static int file_write(int dir, const char *name, const struct buf *text, struct err *err)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "open %s", name);
	int rc = fd_write_full(fd, buf_str(text), text->len);
	return rc < 0 ? err_set(err, -rc, "write %s: %s", name, strerror(-rc)) : 0;
}

static int hosts_write(const struct container *container, int dir, bool host_network, struct err *err)
{
	const struct container_config *config = &container->document.config;
	auto_buf text = BUF_INIT(HOSTS_MAX), host_text = BUF_INIT(HOSTS_MAX);
	struct err missing;
	if (host_network && file_read(AT_FDCWD, "/etc/hosts", &host_text, &missing) < 0)
		buf_reset(&host_text);
	const struct hosts_entry entry = {
	    .address = container->address.address,
	    .hostname = config->hostname,
	    .domainname = config->domainname,
	    .extra = container->document.host.extra_hosts,
	    .gateway = container->address.gateway ? container->address.gateway : "",
	    .host_text = host_network ? buf_str(&host_text) : NULL,
	};
	int rc = hosts_text(&text, &entry, err);
	return rc < 0 ? rc : file_write(dir, "hosts", &text, err);
}

static char *const *list_or(char *const *own, char *const *other)
{
	return own && own[0] ? own : other;
}

int launch_network_files(const struct container *container, int dir, struct err *err)
{
	const struct host_config *host = &container->document.host;
	const struct engine_config *defaults = &container->engine->config;
	bool host_network = text_equal(host->network_mode, "host");
	auto_buf name = BUF_INIT(HOSTS_MAX), host_text = BUF_INIT(HOSTS_MAX), resolv = BUF_INIT(HOSTS_MAX);
	const struct resolv_options options = {
	    .servers = list_or(host->dns, defaults->dns),
	    .search = list_or(host->dns_search, defaults->dns_search),
	    .options = list_or(host->dns_options, defaults->dns_options),
	    .unchanged = host_network,
	};
	int rc = hosts_write(container, dir, host_network, err);
	if (rc == 0)
		rc = hostname_text(&name, container->document.config.hostname, err);
	if (rc == 0)
		rc = file_write(dir, "hostname", &name, err);
	if (rc == 0)
		rc = resolv_host_text(&host_text, err);
	if (rc == 0)
		rc = resolv_text(&resolv, buf_str(&host_text), &options, err);
	return rc < 0 ? rc : file_write(dir, "resolv.conf", &resolv, err);
}
