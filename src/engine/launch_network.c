#include "engine/launch_network.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS_MAX = 65536 };

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

/* --- the address, as it is recorded and shown --- */

static char *subnet_copy(struct arena *arena, const struct address *address, uint8_t prefix)
{
	char text[SUBNET_TEXT];
	subnet_text(&(struct subnet){*address, prefix}, text);
	return arena_strdup(arena, text);
}

static void place_fill(struct arena *arena, const struct member *member, struct container_place *place)
{
	const struct network_place *from = &member->endpoint->place;
	*place = (struct container_place){
	    .network = arena_strdup(arena, member->network),
	    .id = arena_strdup(arena, member->id),
	    .four = subnet_copy(arena, &from->four, from->prefix_four),
	    .six = subnet_copy(arena, &from->six, from->prefix_six),
	    .gateway_four = address_copy(arena, &from->gateway_four),
	    .gateway_six = address_copy(arena, &from->gateway_six),
	    .mac = arena_strdup(arena, from->mac),
	    .device = arena_strdup(arena, from->device),
	    .port = from->port,
	    .priority = from->priority,
	};
}

static void ports_fill(struct container *container, struct arena *arena)
{
	const struct network_ports *published = container->published;
	size_t count = published ? published->count : 0;
	struct container_port *ports = arena_array(arena, struct container_port, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct network_binding *binding = &published->bindings[i];
		ports[i] = (struct container_port){
		    .container = arena_printf(arena, "%u/%s", binding->container.number,
					      port_protocol_name(binding->container.protocol)),
		    .host_ip = address_copy(arena, &binding->host),
		    .host_port = binding->host_port,
		};
	}
	container->address.ports.items = ports;
	container->address.ports.count = count;
}

static void address_fill(struct container *container)
{
	struct arena *arena = &container->address_arena;
	arena_done(arena);
	container->address = (struct container_address){0};
	container->address.places.items = arena_array(arena, struct container_place, container->member_count + 1);
	for (size_t i = 0; i < container->member_count; i++)
		place_fill(arena, &container->members[i], &container->address.places.items[i]);
	container->address.places.count = container->member_count;
	ports_fill(container, arena);
}

/* --- members --- */

static struct member *member_new(struct container *container, const char *network)
{
	container->members = x_realloc(container->members, (container->member_count + 1) * sizeof *container->members);
	struct member *member = &container->members[container->member_count++];
	*member = (struct member){0};
	snprintf(member->network, sizeof member->network, "%s", network);
	random_id(member->id);
	return member;
}

static size_t member_find(const struct container *container, const char *network)
{
	size_t at = 0;
	while (at < container->member_count && !text_equal(container->members[at].network, network))
		at++;
	return at;
}

static void member_drop(struct container *container, size_t at)
{
	memmove(&container->members[at], &container->members[at + 1],
		(container->member_count - at - 1) * sizeof *container->members);
	container->member_count--;
}

/* Which of its places has the default route, and the published ports. */
static struct network_endpoint *gateway_of(const struct container *container, uint8_t bits, struct arena *arena)
{
	size_t count = container->member_count;
	struct network_endpoint **endpoints = arena_array(arena, struct network_endpoint *, count + 1);
	const char **names = arena_array(arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		endpoints[i] = container->members[i].endpoint;
		names[i] = networks_name(container->engine, container->members[i].network);
	}
	return network_choose_gateway(endpoints, names, count, bits);
}

static const struct network_endpoint *publisher(const struct network_endpoint *endpoint)
{
	return endpoint && network_publishes(endpoint->network) ? endpoint : NULL;
}

/* Routes and ports follow the places that there are. */
static int gateways_set(struct container *container, int namespace_fd, struct err *err)
{
	auto_arena arena = {0};
	const struct network_endpoint *four = gateway_of(container, 32, &arena),
				      *six = gateway_of(container, 128, &arena);
	int rc = network_set_gateway(container->engine->networks, namespace_fd, four, six, err);
	if (rc == 0 && container->published)
		rc = network_ports_lead(container->published, publisher(four), publisher(six), err);
	return rc;
}

static int settings_network(const struct container *container, const struct endpoint_settings *settings,
			    const struct network_record **out_record, struct err *err)
{
	struct network_record *record;
	int rc = networks_find(container->engine, settings->key, &record, err);
	if (rc == 0 && !record->network)
		rc = err_set(err, EIO, "network %s could not be taken up: see the engine's log", record->name);
	if (rc == 0)
		*out_record = record;
	return rc;
}

/* The first one makes the namespace, or takes one out of the pool. */
static int member_attach(struct container *container, const struct network_record *record,
			 const struct endpoint_settings *settings, int *namespace_fd, struct err *err)
{
	auto_arena arena = {0};
	struct network_request request;
	struct network_endpoint *endpoint;
	membership_request(&arena, settings, &request);
	int rc = *namespace_fd < 0 ? network_attach_first(record->network, &request, namespace_fd, &endpoint, err)
				   : network_attach(record->network, &request, *namespace_fd, &endpoint, err);
	if (rc == 0)
		member_new(container, record->id)->endpoint = endpoint;
	return rc;
}

static int members_attach(struct container *container, int *namespace_fd, struct err *err)
{
	const struct container_document *document = &container->document;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < document->networks.count; i++) {
		const struct network_record *record;
		rc = settings_network(container, &document->networks.items[i], &record, err);
		if (rc == 0 && network_has_addresses(record->network))
			rc = member_attach(container, record, &document->networks.items[i], namespace_fd, err);
	}
	if (rc == 0 && *namespace_fd < 0)
		rc = network_sandbox(container->engine->networks, namespace_fd, err);
	return rc == 0 && container->member_count > 1 ? gateways_set(container, *namespace_fd, err) : rc;
}

static int ports_publish(struct container *container, struct err *err)
{
	auto_arena arena = {0};
	struct port_list ports = {0};
	const struct network_endpoint *four = publisher(gateway_of(container, 32, &arena)),
				      *six = publisher(gateway_of(container, 128, &arena));
	if (!four && !six)
		return 0;
	int rc = ports_gather(container, &arena, &ports, err);
	if (rc == 0 && ports.count)
		rc = network_publish(container->engine->networks, four, six, ports.items, ports.count,
				     &container->published, err);
	if (rc == -EADDRINUSE)
		return err_wrap(err,
				"driver failed programming external connectivity on endpoint "
				"%s (%s)",
				container->name, container->id);
	return rc;
}

/* --- start and end --- */

int launch_network_namespace(const struct container *container, int *out_fd, struct err *err)
{
	enum { CGROUP_MAX = 64 << 10 };
	char path[32];
	auto_buf groups = BUF_INIT(CGROUP_MAX);
	struct err ignored;
	snprintf(path, sizeof path, "/proc/%d", container->pid);
	/* The descriptor stands for this process, also when the number has become another one's. */
	auto_fd int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0 || container->pid <= 0 || file_read(process, "cgroup", &groups, &ignored) < 0 ||
	    !strstr(buf_str(&groups), container->id))
		return err_set(err, ESRCH, "container %s is not running", container->id);
	int fd = openat(process, "ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "the network namespace of container %s", container->id);
	*out_fd = fd;
	return 0;
}

static int connect_own(struct container *container, int *namespace_fd, struct err *err)
{
	int rc = members_attach(container, namespace_fd, err);
	if (rc == 0)
		rc = ports_publish(container, err);
	if (rc < 0)
		return rc;
	address_fill(container);
	return names_put(container, *namespace_fd, err);
}

int launch_network_connect(struct container *container, int *out_namespace, struct err *err)
{
	auto_fd int namespace_fd = -1;
	struct container *other;
	int rc = membership_shared(container, &other, err);
	if (rc == 0 && other)
		rc = launch_network_namespace(other, &namespace_fd, err);
	else if (rc == 0 && text_equal(container->document.host.network_mode, "host"))
		return 0;
	else if (rc == 0)
		rc = connect_own(container, &namespace_fd, err);
	if (rc < 0) {
		launch_network_disconnect(container);
		launch_network_left(container);
		return err_wrap(err, "failed to set up container networking");
	}
	for (size_t i = 0; i < container->member_count; i++)
		networks_event(container->engine, networks_by_id(container->engine, container->members[i].network),
			       "connect", container->id);
	*out_namespace = take_fd(&namespace_fd);
	return 0;
}

void launch_network_disconnect(struct container *container)
{
	names_drop(container);
	network_unpublish(container->published);
	container->published = NULL;
	for (size_t i = 0; i < container->member_count; i++) {
		struct member *member = &container->members[i];
		network_detach(member->endpoint, -1);
		strv_push(&container->left, x_strdup(member->network));
	}
	container->member_count = 0;
	arena_done(&container->address_arena);
	container->address = (struct container_address){0};
}

void launch_network_left(struct container *container)
{
	for (char **id = container->left; id && *id; id++) {
		const struct network_record *record = networks_by_id(container->engine, *id);
		if (record)
			networks_event(container->engine, record, "disconnect", container->id);
	}
	strv_free(container->left);
	container->left = NULL;
}

/* --- taking up again --- */

static int place_read(const struct container_place *from, struct network_place *out_place, struct err *err)
{
	struct network_place place = {.port = from->port, .priority = from->priority};
	struct subnet four = {0}, six = {0};
	if ((!text_empty(from->four) && subnet_parse(from->four, &four, err) < 0) ||
	    (!text_empty(from->six) && subnet_parse(from->six, &six, err) < 0) ||
	    (!text_empty(from->gateway_four) && address_parse(from->gateway_four, &place.gateway_four, err) < 0) ||
	    (!text_empty(from->gateway_six) && address_parse(from->gateway_six, &place.gateway_six, err) < 0))
		return -err->code;
	place.four = four.address;
	place.prefix_four = four.prefix;
	place.six = six.address;
	place.prefix_six = six.prefix;
	snprintf(place.mac, sizeof place.mac, "%.17s", from->mac);
	snprintf(place.device, sizeof place.device, "%.15s", from->device);
	*out_place = place;
	return 0;
}

static int member_adopt(struct container *container, const struct container_place *from, struct err *err)
{
	struct network_record *record = networks_by_id(container->engine, from->network);
	struct network_endpoint *endpoint;
	struct network_place place;
	if (!record || !record->network)
		return err_set(err, ENOENT, "network %s not found", from->network);
	int rc = place_read(from, &place, err);
	if (rc == 0)
		rc = network_adopt(record->network, &place, &endpoint, err);
	if (rc < 0)
		return rc;
	struct member *member = member_new(container, from->network);
	snprintf(member->id, sizeof member->id, "%.64s", from->id);
	member->endpoint = endpoint;
	return 0;
}

static int ports_adopt(struct container *container, struct err *err)
{
	auto_arena arena = {0};
	const struct container_address *address = &container->address;
	size_t count = address->ports.count;
	struct network_binding *bindings = arena_array(&arena, struct network_binding, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct container_port *port = &address->ports.items[i];
		if (port_parse(port->container, &bindings[i].container, err) < 0 ||
		    address_parse(port->host_ip, &bindings[i].host, err) < 0)
			return -err->code;
		bindings[i].host_port = (uint16_t)port->host_port;
	}
	if (!count)
		return 0;
	return network_adopt_ports(container->engine->networks, publisher(gateway_of(container, 32, &arena)),
				   publisher(gateway_of(container, 128, &arena)), bindings, count,
				   &container->published, err);
}

/* A disconnect that was recorded and not done: it is done now. */
static void leftovers_leave(struct container *container)
{
	struct err err;
	for (size_t i = container->member_count; i > 0; i--) {
		const char *network = container->members[i - 1].network;
		if (!membership_settings(container, network) && launch_network_leave(container, network, &err) < 0)
			log_error(LOG_LEVEL_ERROR, &err, "cannot disconnect a container", NULL);
	}
}

int launch_network_adopt(struct container *container, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < container->address.places.count; i++)
		rc = member_adopt(container, &container->address.places.items[i], err);
	if (rc == 0)
		rc = ports_adopt(container, err);
	if (rc < 0)
		return rc;
	leftovers_leave(container);
	return names_put(container, -1, err);
}

/* --- while it runs --- */

/* Names of the host's side: what the container sees of itself and how others find it. */
static int follow(struct container *container, int namespace_fd, bool resolved_before, struct err *err)
{
	address_fill(container);
	int rc = gateways_set(container, namespace_fd, err);
	if (rc == 0)
		rc = names_put(container, namespace_fd, err);
	launch_network_files_follow(container, resolved_before);
	return rc;
}

int launch_network_join(struct container *container, const struct network_record *record, struct err *err)
{
	auto_fd int namespace_fd = -1;
	bool resolved = launch_network_resolves(container);
	int rc = launch_network_namespace(container, &namespace_fd, err);
	if (rc == 0)
		rc = member_attach(container, record, membership_settings(container, record->id), &namespace_fd, err);
	if (rc < 0)
		return rc;
	rc = follow(container, namespace_fd, resolved, err);
	if (rc < 0) {
		struct err ignored;
		(void)!launch_network_leave(container, record->id, &ignored);
	}
	return rc;
}

int launch_network_leave(struct container *container, const char *network, struct err *err)
{
	auto_fd int namespace_fd = -1;
	bool resolved = launch_network_resolves(container);
	size_t at = member_find(container, network);
	if (at == container->member_count)
		return 0;
	int rc = launch_network_namespace(container, &namespace_fd, err);
	if (rc < 0)
		return rc;
	struct network_endpoint *endpoint = container->members[at].endpoint;
	member_drop(container, at);
	/* The ports let go of it before it is freed. */
	if (container->published && (container->published->four == endpoint || container->published->six == endpoint)) {
		auto_arena arena = {0};
		rc = network_ports_lead(container->published, publisher(gateway_of(container, 32, &arena)),
					publisher(gateway_of(container, 128, &arena)), err);
	}
	network_detach(endpoint, namespace_fd);
	return rc < 0 ? rc : follow(container, namespace_fd, resolved, err);
}
