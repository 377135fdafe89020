/* network create, inspect, ls, rm, prune */
#include "engine/networks.h"

#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/prune.h"
#include "engine/engine_state.h"
#include "engine/membership.h"
#include "engine/query_filters.h"

#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX = 8 << 20, RANGES_MAX = 64 };

/* --- the addresses --- */

/* Faults are gathered, as Docker tells them all at once: "invalid network config:" and a line each. */
static int range_read(const struct ipam_range *text, struct arena *arena, struct network_range *range, struct err *err)
{
	struct err ignored;
	if (!text_empty(text->subnet) && subnet_parse(text->subnet, &range->subnet, &ignored) < 0)
		return err_set(err, EINVAL, "invalid network config:\ninvalid subnet %s: invalid CIDR block notation",
			       text->subnet);
	if (!text_empty(text->ip_range) && subnet_parse(text->ip_range, &range->range, &ignored) < 0)
		return err_set(err, EINVAL, "invalid network config:\ninvalid ip-range %s: invalid CIDR block notation",
			       text->ip_range);
	if (!text_empty(text->gateway) && address_parse(text->gateway, &range->gateway, &ignored) < 0)
		return err_set(err, EINVAL, "invalid network config:\ninvalid gateway %s: invalid address",
			       text->gateway);
	range->reserved = arena_array(arena, struct address, text->auxiliary.count + 1);
	for (size_t i = 0; i < text->auxiliary.count; i++) {
		const struct json_pair *pair = &text->auxiliary.items[i];
		if (address_parse(pair->value, &range->reserved[range->reserved_count++], &ignored) < 0)
			return err_set(err, EINVAL,
				       "invalid network config:\ninvalid auxiliary address %s: invalid address",
				       pair->key);
	}
	return 0;
}

/* What the network has now, as inspect shows it. */
static void ranges_write(const struct network_spec *spec, const struct ipam *asked, struct arena *arena,
			 struct ipam *out_ipam)
{
	out_ipam->driver = (char *)(asked && !text_empty(asked->driver) ? asked->driver : "default");
	out_ipam->options = asked ? asked->options : (struct json_map){0};
	out_ipam->config.items = arena_array(arena, struct ipam_range, spec->range_count + 1);
	out_ipam->config.count = 0;
	for (size_t i = 0; i < spec->range_count; i++) {
		const struct network_range *range = &spec->ranges[i];
		char subnet[SUBNET_TEXT], part[SUBNET_TEXT], gateway[ADDRESS_TEXT];
		if (!subnet_is_set(&range->subnet))
			continue;
		subnet_text(&range->subnet, subnet);
		subnet_text(&range->range, part);
		address_text(&range->gateway, gateway);
		out_ipam->config.items[out_ipam->config.count++] = (struct ipam_range){
		    .subnet = arena_strdup(arena, subnet),
		    .ip_range = arena_strdup(arena, part),
		    .gateway = arena_strdup(arena, gateway),
		    .auxiliary =
			asked && i < asked->config.count ? asked->config.items[i].auxiliary : (struct json_map){0},
		};
	}
}

static bool flag(const bool *value, bool otherwise)
{
	return value ? *value : otherwise;
}

static struct network_spec spec_of(const struct network_record *record, bool existing)
{
	const struct network_create *request = &record->document.request;
	return (struct network_spec){
	    .id = record->id,
	    .name = record->name,
	    .driver = text_empty(request->driver) ? "bridge" : request->driver,
	    .internal = request->internal,
	    .four = flag(request->enable_ipv4, true),
	    .six = flag(request->enable_ipv6, false),
	    .existing = existing,
	    .standard = record->standard && text_equal(request->driver, "bridge"),
	    .options = &request->options,
	};
}

int networks_add(struct engine *engine, struct network_record *record, bool existing, struct err *err)
{
	auto_arena arena = {0};
	const struct ipam *asked = record->document.request.ipam;
	/* What was chosen once stays. */
	const struct ipam *ranges = existing && record->document.ipam.config.count ? &record->document.ipam : asked;
	struct network_spec spec = spec_of(record, existing);
	size_t count = ranges ? ranges->config.count : 0;
	if (count > RANGES_MAX)
		return err_set(err, EINVAL, "invalid network config:\nmore than %d subnets", RANGES_MAX);
	spec.ranges = arena_array(&arena, struct network_range, count + 2);
	for (size_t i = 0; i < count; i++) {
		int rc = range_read(&ranges->config.items[i], &arena, &spec.ranges[spec.range_count++], err);
		if (rc < 0)
			return rc;
	}
	int rc = network_add(engine->networks, &spec, &record->network, err);
	if (rc == 0)
		ranges_write(&spec, asked, &record->arena, &record->document.ipam);
	return rc;
}

/* --- create --- */

static int request_check(const struct engine *engine, const struct network_create *request, struct err *err)
{
	const char *name = request->name, *driver = request->driver;
	const struct network_record *other = networks_by_name(engine, text_empty(name) ? "" : name);
	if (text_empty(name) || name[strspn(name, " \t\r\n")] == 0)
		return err_set(err, EINVAL, "invalid name: name is empty");
	if (strlen(name) > 255)
		return err_set(err, EINVAL, "invalid name: longer than 255 bytes");
	for (const char *at = name; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return err_set(err, EINVAL, "invalid name: it holds a control character");
	}
	if ((other && other->standard) || text_equal(name, "default") || text_after(name, "container:"))
		return err_set(err, EPERM, "operation is not permitted on predefined %s network ", name);
	if (other)
		return err_set(err, EEXIST, "network with name %s already exists", name);
	if (request->ingress)
		return err_set(err, EPERM, "Ingress network can only be global scope network");
	if (!text_empty(driver) && text_equal(driver, "overlay"))
		return err_set(err, EPERM,
			       "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" "
			       "to connect this node to swarm and try again.");
	if (!text_empty(request->scope) && !text_equal(request->scope, "local"))
		return err_set(err, EPERM, "cannot create a swarm scoped network when swarm is not active");
	const struct ipam *ipam = request->ipam;
	if (ipam && !text_empty(ipam->driver) && !text_equal(ipam->driver, "default"))
		return err_set(err, ENOENT, "plugin \"%s\" not found", ipam->driver);
	return 0;
}

/* By way of JSON, as the record will keep it. */
static int request_copy(struct network_record *record, const struct network_create *request, struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	json_encode(&text, &table_network_create, request);
	int rc = buf_check(&text, "the network's configuration", err);
	return rc < 0 ? rc
		      : json_load(&record->arena, &table_network_create, text.data, text.len, "configuration", 0,
				  &record->document.request, err);
}

/* Options that say the same as members of their own, which count more. */
static void options_apply(struct network_record *record)
{
	static const char *const keys[] = {"com.docker.network.enable_ipv4", "com.docker.network.enable_ipv6"};
	struct network_create *request = &record->document.request;
	bool **members[] = {&request->enable_ipv4, &request->enable_ipv6};
	for (size_t i = 0; i < array_size(keys); i++) {
		const char *text = json_map_get(&request->options, keys[i]);
		if (!text || *members[i])
			continue;
		*members[i] = arena_new(&record->arena, bool);
		**members[i] = text_equal(text, "true") || text_equal(text, "1");
	}
	const char *internal = json_map_get(&request->options, "com.docker.network.internal");
	request->internal |= internal && (*internal == 0 || text_equal(internal, "true") || text_equal(internal, "1"));
}

/* Driver, addresses and options come from a network that only stores them. */
static int config_take(struct engine *engine, struct network_record *record, struct err *err)
{
	struct network_create *request = &record->document.request;
	struct network_record *source;
	if (!request->config_from || text_empty(request->config_from->network))
		return 0;
	int rc = networks_find(engine, request->config_from->network, &source, err);
	if (rc < 0)
		return rc;
	const struct network_create *stored = &source->document.request;
	if (!stored->config_only)
		return err_set(err, EPERM, "network \"%s\" is not a configuration network", source->name);
	if ((request->ipam && request->ipam->config.count) || request->options.count)
		return err_set(
		    err, EPERM,
		    "user network options are not supported with a configuration network: they come from it");
	struct network_create whole = *request;
	whole.ipam = stored->ipam;
	whole.options = stored->options;
	whole.enable_ipv4 = stored->enable_ipv4;
	whole.enable_ipv6 = stored->enable_ipv6;
	if (whole.labels.count == 0)
		whole.labels = stored->labels;
	return request_copy(record, &whole, err);
}

static int record_make(struct engine *engine, struct network_record *record, const struct network_create *request,
		       struct err *err)
{
	random_id(record->id);
	record->created_ns = time_wall_ns();
	record->name = x_strdup(request->name);
	int rc = request_copy(record, request, err);
	if (rc == 0)
		rc = config_take(engine, record, err);
	if (rc < 0)
		return rc;
	options_apply(record);
	if (text_empty(record->document.request.driver))
		record->document.request.driver = (char *)"bridge";
	if (record->document.request.config_only) {
		if (record->document.request.ipam)
			record->document.ipam = *record->document.request.ipam;
		return networks_insert(engine, record, err);
	}
	rc = networks_add(engine, record, false, err);
	if (rc < 0)
		return rc;
	rc = networks_insert(engine, record, err);
	if (rc < 0)
		network_remove(record->network);
	return rc;
}

int engine_network_create(struct engine *engine, struct arena *arena, const struct network_create *request,
			  struct network_created *out_created, struct err *err)
{
	int rc = request_check(engine, request, err);
	if (rc < 0)
		return rc;
	struct network_record *record = x_alloc(sizeof *record);
	rc = record_make(engine, record, request, err);
	if (rc < 0) {
		networks_record_free(engine, record);
		return rc;
	}
	networks_event(engine, record, "create", NULL);
	*out_created = (struct network_created){arena_strdup(arena, record->id), arena_strdup(arena, "")};
	return 0;
}

/* --- inspect and ls --- */

static void containers_fill(struct engine *engine, struct arena *arena, const struct network_record *record,
			    struct network_inspect *inspect)
{
	size_t room = 0;
	for (const struct container *at = engine->containers; at; at = at->next)
		room++;
	inspect->containers.items = arena_array(arena, struct network_container, room + 1);
	for (struct container *at = engine->containers; at; at = at->next) {
		const struct container_place *place = membership_place(at, record->id);
		if (!place)
			continue;
		inspect->containers.items[inspect->containers.count++] = (struct network_container){
		    .key = at->id,
		    .name = at->name,
		    .endpoint_id = place->id,
		    .mac_address = place->mac,
		    .ipv4_address = place->four,
		    .ipv6_address = place->six,
		};
	}
}

static void inspect_fill(struct engine *engine, struct arena *arena, const struct network_record *record,
			 bool containers, struct network_inspect *inspect)
{
	const struct network_create *request = &record->document.request;
	char created[TIME_TEXT];
	time_rfc3339_short(record->created_ns, created);
	*inspect = (struct network_inspect){
	    .name = record->name,
	    .id = (char *)record->id,
	    .created = arena_strdup(arena, created),
	    .scope = (char *)"local",
	    .driver = request->driver,
	    .enable_ipv4 = flag(request->enable_ipv4, true),
	    .enable_ipv6 = flag(request->enable_ipv6, false),
	    .ipam = record->document.ipam,
	    .internal = request->internal,
	    .attachable = request->attachable,
	    .config_from = {(char *)(request->config_from ? request->config_from->network : "")},
	    .config_only = request->config_only,
	    .options = request->options,
	    .labels = request->labels,
	};
	if (containers)
		containers_fill(engine, arena, record, inspect);
}

int engine_network_inspect(struct engine *engine, struct arena *arena, const char *name,
			   struct network_inspect *out_inspect, struct err *err)
{
	struct network_record *record;
	int rc = networks_find(engine, name, &record, err);
	if (rc == 0)
		inspect_fill(engine, arena, record, true, out_inspect);
	return rc;
}

static int filters_check(const struct filters *filters, struct err *err)
{
	static const char *const known[] = {"dangling", "driver", "id", "label", "name", "scope", "type", NULL};
	int rc = query_filters_check(filters, known, err);
	if (rc < 0)
		return rc;
	char *const *types = filters_values(filters, "type");
	for (; types && *types; types++) {
		if (!text_equal(*types, "custom") && !text_equal(*types, "builtin"))
			return err_set(err, EINVAL, "invalid filter: 'type'='%s'", *types);
	}
	return 0;
}

static bool name_fits(const struct filters *filters, const char *name)
{
	char *const *values = filters_values(filters, "name");
	bool fits = !values;
	for (; values && *values; values++)
		fits |= strstr(name, *values) != NULL;
	return fits;
}

static bool record_fits(struct engine *engine, const struct filters *filters, const struct network_record *record,
			bool dangling)
{
	const struct network_create *request = &record->document.request;
	bool unused = !record->standard && membership_count(engine, record->id, NULL) == 0;
	return filters_fit(filters, "driver", request->driver) && filters_fit_prefix(filters, "id", record->id) &&
	       filters_fit_labels(filters, "label", &request->labels) && name_fits(filters, record->name) &&
	       filters_fit(filters, "scope", "local") &&
	       filters_fit(filters, "type", record->standard ? "builtin" : "custom") &&
	       (!filters_values(filters, "dangling") || unused == dangling);
}

int engine_network_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
			struct engine_network_list *out_list, struct err *err)
{
	struct filters filters = {0};
	bool dangling = false;
	size_t room = 0;
	query_filters(arena, query, &filters);
	int rc = filters_check(&filters, err);
	if (rc == 0)
		rc = filters_bool(&filters, "dangling", &dangling, err);
	if (rc < 0)
		return rc;
	for (const struct network_record *at = engine->network_records; at; at = at->next)
		room++;
	struct engine_network_list list = {.items = arena_array(arena, struct network_inspect, room + 1)};
	for (const struct network_record *at = engine->network_records; at; at = at->next) {
		if (record_fits(engine, &filters, at, dangling))
			inspect_fill(engine, arena, at, false, &list.items[list.count++]);
	}
	*out_list = list;
	return 0;
}

/* --- rm and prune --- */

static int record_remove(struct engine *engine, struct network_record *record, struct err *err)
{
	int rc = networks_delete(record, engine, err);
	if (rc < 0)
		return rc;
	if (record->network)
		network_remove(record->network);
	networks_event(engine, record, "destroy", NULL);
	networks_record_free(engine, record);
	return 0;
}

int engine_network_remove(struct engine *engine, const char *name, struct err *err)
{
	struct network_record *record;
	auto_buf users = BUF_INIT(64 << 10);
	int rc = networks_find(engine, name, &record, err);
	if (rc < 0)
		return rc;
	if (record->standard)
		return err_set(err, EPERM, "%s is a pre-defined network and cannot be removed", record->name);
	if (membership_count(engine, record->id, &users) && users.len > 0)
		return err_set(err, EPERM, "error while removing network: network %s has active endpoints (%s)",
			       record->name, buf_str(&users));
	for (const struct network_record *at = engine->network_records; at; at = at->next) {
		const struct config_reference *from = at->document.request.config_from;
		if (from && text_equal(from->network, record->name))
			return err_set(err, EPERM, "configuration network \"%s\" is in use", record->name);
	}
	return record_remove(engine, record, err);
}

int engine_network_prune(struct engine *engine, struct arena *arena, const struct engine_query *query,
			 struct network_prune *out_prune, struct err *err)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	struct filters filters = {0};
	int64_t until_ns = 0;
	size_t room = 0, count = 0;
	query_filters(arena, query, &filters);
	int rc = query_filters_check(&filters, known, err);
	if (rc == 0)
		rc = prune_until(&filters, time_wall_ns(), &until_ns, err);
	if (rc < 0)
		return rc;
	for (const struct network_record *at = engine->network_records; at; at = at->next)
		room++;
	out_prune->deleted = arena_array(arena, char *, room + 1);
	for (struct network_record *at = engine->network_records, *next; at; at = next) {
		next = at->next;
		const struct json_map *labels = &at->document.request.labels;
		if (at->standard || membership_count(engine, at->id, NULL) || !prune_fits_labels(&filters, labels) ||
		    at->created_ns > until_ns)
			continue;
		char *name = arena_strdup(arena, at->name);
		if (record_remove(engine, at, err) < 0)
			return -err->code;
		out_prune->deleted[count++] = name;
	}
	return 0;
}
