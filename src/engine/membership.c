#include "engine/membership.h"

#include "base/text.h"
#include "engine/engine_state.h"

#include <string.h>

#define MODE_CONTAINER "container:"

/* --- checks of one network's settings --- */

/* Faults of one endpoint, gathered: one is told as it is, several as a list. */
struct faults {
	struct buf text;
	size_t count;
};

static void fault(struct faults *faults, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct faults *faults, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_text(&faults->text, faults->count++ ? "\n* " : "");
	buf_vprintf(&faults->text, format, args);
	va_end(args);
}

static bool has_user_subnet(const struct network_record *record)
{
	const struct ipam *ipam = record->document.request.ipam;
	for (size_t i = 0; ipam && i < ipam->config.count; i++) {
		if (!text_empty(ipam->config.items[i].subnet))
			return true;
	}
	return false;
}

static void address_check(struct faults *faults, const struct network_record *record, const char *text, uint8_t bits)
{
	const struct ipam *ipam = &record->document.ipam;
	struct address address;
	struct err ignored;
	bool inside = false;
	if (text_empty(text))
		return;
	bool good = address_parse(text, &address, &ignored) == 0 && address.bits == bits;
	if (record->standard)
		fault(faults, "user specified IP address is supported on user defined networks only");
	if (!good)
		fault(faults, "invalid IPv%d address: %s", bits == 32 ? 4 : 6, text);
	if (!has_user_subnet(record)) {
		fault(faults, "user specified IP address is supported only when connecting to networks with user "
			      "configured subnets");
		return;
	}
	for (size_t i = 0; good && i < ipam->config.count; i++) {
		struct subnet subnet;
		inside |= subnet_parse(ipam->config.items[i].subnet, &subnet, &ignored) == 0 &&
			  subnet_contains(&subnet, &address);
	}
	if (!inside)
		fault(faults, "no configured subnet or ip-range contain the IP address %s", text);
}

static void names_check(struct faults *faults, char *const *names, const char *what)
{
	for (; names && *names; names++) {
		size_t size = strlen(*names);
		bool good = size > 0 && size <= 253;
		for (size_t i = 0; good && i < size; i++)
			good = (unsigned char)(*names)[i] > ' ' && (*names)[i] != 0x7f;
		if (!good)
			fault(faults, "invalid %s", what);
	}
}

static int settings_check(const struct network_record *record, const struct endpoint_settings *settings,
			  const char *prefix, struct err *err)
{
	auto_arena arena = {0};
	struct faults faults = {.text = BUF_INIT(4 << 10)};
	const struct endpoint_ipam *ipam = settings->ipam;
	struct network_request request;
	struct err inner;
	if (ipam) {
		address_check(&faults, record, ipam->ipv4_address, 32);
		address_check(&faults, record, ipam->ipv6_address, 128);
	}
	if (record->standard && settings->aliases && settings->aliases[0])
		fault(&faults, "network-scoped aliases are only supported for user-defined networks");
	names_check(&faults, settings->aliases, "alias");
	names_check(&faults, settings->links, "link");
	if (!faults.count && record->network && network_has_addresses(record->network)) {
		membership_request(&arena, settings, &request);
		if (network_request_check(record->network, &request, &inner) < 0)
			fault(&faults, "%s", inner.msg);
	}
	int rc = 0;
	if (faults.count)
		rc = err_set(err, EINVAL, "%sinvalid endpoint settings:\n%s%s", prefix, faults.count > 1 ? "* " : "",
			     buf_str(&faults.text));
	buf_done(&faults.text);
	return rc;
}

static int membership_check(const struct network_record *record, const struct endpoint_settings *settings,
			    bool at_create, struct err *err)
{
	auto_free char *prefix = at_create ? x_printf("invalid config for network %s: ", record->name) : x_strdup("");
	return settings_check(record, settings, prefix, err);
}

/* --- create --- */

static int shared_check(const struct container_document *document, struct err *err)
{
	const struct host_config *host = &document->host;
	static const char tail[] = "and the network mode";
	if (host->links && host->links[0])
		return err_set(
		    err, EINVAL,
		    "conflicting options: container type network can't be used with links. This would result "
		    "in undefined behavior");
	if (host->dns && host->dns[0])
		return err_set(err, EINVAL, "conflicting options: dns %s", tail);
	if (host->extra_hosts && host->extra_hosts[0])
		return err_set(err, EINVAL, "conflicting options: custom host-to-IP mapping %s", tail);
	if (!text_empty(document->config.mac_address))
		return err_set(err, EINVAL, "conflicting options: mac-address %s", tail);
	if (host->port_bindings.count || host->publish_all_ports)
		return err_set(err, EINVAL, "conflicting options: port publishing and the container type network mode");
	if (document->config.exposed_ports.count)
		return err_set(err, EINVAL, "conflicting options: port exposing and the container type network mode");
	return 0;
}

/* "container:NAME" is kept by ID: names change. */
static int shared_resolve(struct container *container, const char *name, struct err *err)
{
	struct container *other;
	int rc = container_find(container->engine, name, &other, err);
	if (rc < 0)
		return err_wrap(err, "joining network namespace of container");
	struct container_document *document = &container->document;
	if (strncmp(document->config.hostname, container->id, ID_SHORT) != 0)
		return err_set(err, EINVAL, "conflicting options: hostname and the network mode");
	document->config.hostname = arena_strdup(&container->arena, other->document.config.hostname);
	document->host.network_mode = arena_printf(&container->arena, MODE_CONTAINER "%s", other->id);
	return shared_check(document, err);
}

int membership_shared(struct container *container, struct container **out_other, struct err *err)
{
	const char *id = text_after(container->document.host.network_mode, MODE_CONTAINER);
	struct container *other = NULL;
	if (id) {
		int rc = container_find(container->engine, id, &other, err);
		if (rc < 0)
			return err_wrap(err, "joining network namespace of container");
		if (!state_is_running(other->state) || other->pid <= 0)
			return err_set(err, EBUSY, "cannot join network of a non running container: %s", other->id);
		if (text_after(other->document.host.network_mode, MODE_CONTAINER))
			return membership_shared(other, out_other, err);
	}
	*out_other = other;
	return 0;
}

static struct endpoint_settings *member_add(struct container *container, const struct network_record *record)
{
	struct container_document *document = &container->document;
	struct endpoint_settings *items =
	    arena_array(&container->arena, struct endpoint_settings, document->networks.count + 1);
	if (document->networks.count)
		memcpy(items, document->networks.items, document->networks.count * sizeof *items);
	struct endpoint_settings *settings = &items[document->networks.count++];
	settings->key = arena_strdup(&container->arena, record->id);
	document->networks.items = items;
	return settings;
}

/* A copy that lives with the container: by way of JSON. */
static int settings_copy(struct arena *arena, const struct endpoint_settings *from, struct endpoint_settings *to,
			 struct err *err)
{
	enum { SETTINGS_MAX = 1 << 20 };
	auto_buf text = BUF_INIT(SETTINGS_MAX);
	char *key = to->key;
	struct endpoint_settings copy = {0};
	json_encode(&text, &table_endpoint_settings, from);
	int rc = buf_check(&text, "EndpointsConfig", err);
	if (rc == 0)
		rc = json_load(arena, &table_endpoint_settings, text.data, text.len, "EndpointsConfig", 0, &copy, err);
	if (rc < 0)
		return rc;
	/* Only what was asked for: what clients send back from an inspect is not. */
	*to = (struct endpoint_settings){.key = key,
					 .ipam = copy.ipam,
					 .links = copy.links,
					 .aliases = copy.aliases,
					 .mac_address = copy.mac_address,
					 .driver_opts = copy.driver_opts,
					 .gw_priority = copy.gw_priority};
	return 0;
}

static int mixed_check(const struct container *container, const struct network_record *record, struct err *err)
{
	bool other = container->document.networks.count > 0;
	bool lonely = record->network && !network_has_addresses(record->network);
	for (size_t i = 0; i < container->document.networks.count; i++) {
		const struct network_record *at =
		    networks_by_id(container->engine, container->document.networks.items[i].key);
		lonely |= at && at->network && !network_has_addresses(at->network);
	}
	if (other && lonely)
		return err_set(err, EINVAL,
			       "conflicting options: cannot attach both user-defined and non-user-defined "
			       "network-modes");
	return 0;
}

int membership_join(struct container *container, const char *name, const struct endpoint_settings *request,
		    bool at_create, struct err *err)
{
	struct network_record *record;
	int rc = networks_find(container->engine, name, &record, err);
	if (rc < 0)
		return rc;
	if (membership_settings(container, record->id))
		return at_create ? 0
				 : err_set(err, EPERM, "endpoint with name %s already exists in network %s",
					   container->name, record->name);
	if (record->document.request.config_only)
		return err_set(err, EPERM, "configuration networks cannot be used as a container's network: %s",
			       record->name);
	rc = mixed_check(container, record, err);
	if (rc == 0 && request)
		rc = membership_check(record, request, at_create, err);
	if (rc < 0)
		return rc;
	struct endpoint_settings *settings = member_add(container, record);
	return request ? settings_copy(&container->arena, request, settings, err) : 0;
}

/* Clients write "default" for the default bridge. */
static const char *plain_name(const char *name)
{
	return text_equal(name, "default") ? "bridge" : name;
}

/* What was asked for a network under its name or ID. */
static const struct endpoint_settings *request_for(struct engine *engine, const struct networking_config *request,
						   const char *mode)
{
	struct network_record *wanted, *named;
	struct err ignored;
	for (size_t i = 0; i < request->endpoints.count; i++) {
		const struct endpoint_settings *settings = &request->endpoints.items[i];
		if (text_equal(plain_name(settings->key), mode) ||
		    (networks_find(engine, mode, &wanted, &ignored) == 0 &&
		     networks_find(engine, plain_name(settings->key), &named, &ignored) == 0 && wanted == named))
			return settings;
	}
	return NULL;
}

/* Config.MacAddress of old clients counts for the network of NetworkMode. */
static void mac_apply(struct container *container)
{
	struct container_document *document = &container->document;
	char *mac = document->config.mac_address;
	if (!text_empty(mac) && document->networks.count && text_empty(document->networks.items[0].mac_address))
		document->networks.items[0].mac_address = mac;
}

int membership_resolve(struct container *container, const struct networking_config *request, struct err *err)
{
	struct container_document *document = &container->document;
	const char *mode = document->host.network_mode, *shared = text_after(mode, MODE_CONTAINER);
	document->networks_decided = true;
	if (shared)
		return shared_resolve(container, shared, err);
	int rc = membership_join(container, mode, request_for(container->engine, request, mode), true, err);
	for (size_t i = 0; rc == 0 && i < request->endpoints.count; i++)
		rc = membership_join(container, plain_name(request->endpoints.items[i].key),
				     &request->endpoints.items[i], true, err);
	if (rc == 0)
		mac_apply(container);
	struct network_record *record;
	if (rc == 0 && document->networks.count && !text_empty(document->networks.items[0].mac_address) &&
	    networks_find(container->engine, document->networks.items[0].key, &record, err) == 0)
		rc = membership_check(record, &document->networks.items[0], true, err);
	return rc;
}

void membership_upgrade(struct container *container)
{
	struct container_document *document = &container->document;
	struct endpoint_settings *settings = arena_new(&container->arena, struct endpoint_settings);
	settings->key = document->host.network_mode;
	document->networks.items = settings;
	document->networks.count = text_after(document->host.network_mode, MODE_CONTAINER) ? 0 : 1;
	document->networks_decided = true;
}

/* --- looking --- */

const struct container_place *membership_place(const struct container *container, const char *network)
{
	for (size_t i = 0; i < container->address.places.count; i++) {
		if (text_equal(container->address.places.items[i].network, network))
			return &container->address.places.items[i];
	}
	return NULL;
}

const struct endpoint_settings *membership_settings(const struct container *container, const char *network)
{
	for (size_t i = 0; i < container->document.networks.count; i++) {
		if (text_equal(container->document.networks.items[i].key, network))
			return &container->document.networks.items[i];
	}
	return NULL;
}

size_t membership_count(const struct engine *engine, const char *network, struct buf *users)
{
	size_t count = 0;
	for (const struct container *at = engine->containers; at; at = at->next) {
		const struct container_place *place = membership_place(at, network);
		if (!place)
			continue;
		if (users)
			buf_printf(users, "%sname:\"%s\" id:\"%.12s\"", count ? ", " : "", at->name, place->id);
		count++;
	}
	return count;
}

static void name_add(char **names, size_t *count, char *name)
{
	for (size_t i = 0; i < *count; i++) {
		if (text_equal(names[i], name))
			return;
	}
	names[(*count)++] = name;
}

char **membership_names(const struct container *container, const struct endpoint_settings *settings,
			struct arena *arena)
{
	size_t count = 0;
	char **names = arena_array(arena, char *, strv_count(settings->aliases) + 4);
	name_add(names, &count, container->name);
	for (char **alias = settings->aliases; alias && *alias; alias++)
		name_add(names, &count, *alias);
	name_add(names, &count, arena_strndup(arena, container->id, ID_SHORT));
	if (!text_empty(container->document.config.hostname))
		name_add(names, &count, container->document.config.hostname);
	return names;
}

void membership_request(struct arena *arena, const struct endpoint_settings *settings,
			struct network_request *out_request)
{
	const struct endpoint_ipam *ipam = settings->ipam;
	struct network_request request = {.mac = settings->mac_address, .priority = settings->gw_priority};
	struct err ignored;
	if (ipam && !text_empty(ipam->ipv4_address))
		(void)!address_parse(ipam->ipv4_address, &request.four, &ignored);
	if (ipam && !text_empty(ipam->ipv6_address))
		(void)!address_parse(ipam->ipv6_address, &request.six, &ignored);
	size_t count = ipam ? strv_count(ipam->link_local_ips) : 0;
	struct address *more = arena_array(arena, struct address, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (address_parse(ipam->link_local_ips[i], &more[i], &ignored) < 0)
			more[i] = ADDRESS_NONE; /* refused by name when it is checked */
	}
	request.more = more;
	request.more_count = count;
	request.device = json_map_get(&settings->driver_opts, "com.docker.network.endpoint.ifname");
	request.sysctls = json_map_get(&settings->driver_opts, "com.docker.network.endpoint.sysctls");
	*out_request = request;
}
