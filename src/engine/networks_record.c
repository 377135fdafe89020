/* The record of networks, and the three that are always there. */
#include "engine/networks.h"

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX = 8 << 20 };

JSON_TYPE(network_document, F_OBJECT(struct network_document, request, "Request", 0, network_create),
	  F_OBJECT(struct network_document, ipam, "IPAM", 0, ipam));

static const char *const migrations[] = {
    "CREATE TABLE network (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,"
    " document TEXT NOT NULL) STRICT",
};

/* --- the rows --- */

int networks_insert(struct engine *engine, struct network_record *record, struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	json_encode(&text, &table_network_document, &record->document);
	int rc = buf_check(&text, "the network's configuration", err);
	if (rc == 0)
		rc = database_run(engine->database, "INSERT INTO network VALUES (?, ?, ?, ?)",
				  BIND(bind_text(record->id), bind_text(record->name), bind_i64(record->created_ns),
				       bind_text(buf_str(&text))),
				  err);
	if (rc < 0)
		return rc;
	record->next = engine->network_records;
	engine->network_records = record;
	return 0;
}

int networks_delete(struct network_record *record, struct engine *engine, struct err *err)
{
	return database_run(engine->database, "DELETE FROM network WHERE id = ?", BIND(bind_text(record->id)), err);
}

void networks_record_free(struct engine *engine, struct network_record *record)
{
	struct network_record **link = &engine->network_records;
	while (*link && *link != record)
		link = &(*link)->next;
	if (*link)
		*link = record->next;
	arena_done(&record->arena);
	free(record->name);
	free(record);
}

static int rows_read(struct engine *engine, struct err *err)
{
	auto_query struct query *query = NULL;
	int more = database_query(engine->database, "SELECT id, name, created, document FROM network ORDER BY created",
				  NULL, &query, err);
	while (more == 0 && (more = query_next(query, err)) > 0) {
		struct network_record *record = x_alloc(sizeof *record);
		const char *document = query_text(query, 3);
		snprintf(record->id, sizeof record->id, "%s", query_text(query, 0));
		record->name = x_strdup(query_text(query, 1));
		record->created_ns = query_i64(query, 2);
		record->next = engine->network_records;
		engine->network_records = record;
		more = json_load(&record->arena, &table_network_document, document, strlen(document), "document", 0,
				 &record->document, err);
		if (more < 0)
			return err_wrap(err, "the record of network %s", record->id);
	}
	return more;
}

/* --- the standard ones --- */

static const struct {
	const char *name, *driver;
} standard[] = {{"none", "null"}, {"host", "host"}, {"bridge", "bridge"}};

static struct json_map standard_options(struct engine *engine, struct arena *arena)
{
	const struct engine_config *config = &engine->config;
	const struct json_pair pairs[] = {
	    {(char *)"com.docker.network.bridge.default_bridge", (char *)"true"},
	    {(char *)"com.docker.network.bridge.enable_icc", (char *)"true"},
	    {(char *)"com.docker.network.bridge.enable_ip_masquerade", (char *)(config->ip_masq ? "true" : "false")},
	    {(char *)"com.docker.network.bridge.host_binding_ipv4",
	     (char *)(text_empty(config->publish_ip) ? "0.0.0.0" : config->publish_ip)},
	    {(char *)"com.docker.network.bridge.name", (char *)config->bridge},
	    {(char *)"com.docker.network.driver.mtu", arena_printf(arena, "%lld", (long long)config->mtu)},
	};
	struct json_pair *copy = arena_array(arena, struct json_pair, array_size(pairs));
	for (size_t i = 0; i < array_size(pairs); i++)
		copy[i] = (struct json_pair){pairs[i].key, arena_strdup(arena, pairs[i].value)};
	return (struct json_map){copy, array_size(pairs)};
}

/* "172.17.0.1/16" is the gateway and says the network. */
static int bip_range(const char *bip, struct arena *arena, struct ipam *ipam, struct err *err)
{
	struct subnet subnet;
	char text[SUBNET_TEXT];
	if (subnet_parse(bip, &subnet, err) < 0)
		return err_wrap(err, "bip");
	struct address first = subnet_first(&subnet), last = subnet_last(&subnet);
	if (subnet.address.bits != 32 || subnet.prefix == 0 || subnet.prefix > 30 ||
	    address_equal(&subnet.address, &first) || address_equal(&subnet.address, &last))
		return err_set(err, EINVAL, "bip: \"%s\" is not the address of a host in a network", bip);
	struct ipam_range *range = arena_new(arena, struct ipam_range);
	address_text(&subnet.address, text);
	range->gateway = arena_strdup(arena, text);
	subnet.address = first;
	subnet_text(&subnet, text);
	range->subnet = arena_strdup(arena, text);
	ipam->config.items = range;
	ipam->config.count = 1;
	return 0;
}

/* What the configuration says now, over what is recorded. */
static int standard_fill(struct engine *engine, struct network_record *record, const char *driver, struct err *err)
{
	struct network_create *request = &record->document.request;
	record->standard = true;
	request->name = record->name;
	request->driver = (char *)driver;
	record->document.ipam = (struct ipam){.driver = (char *)"default"};
	if (!text_equal(driver, "bridge"))
		return 0;
	request->options = standard_options(engine, &record->arena);
	request->ipam = arena_new(&record->arena, struct ipam);
	if (text_empty(engine->config.bip))
		return 0;
	return bip_range(engine->config.bip, &record->arena, request->ipam, err);
}

static int standard_ensure(struct engine *engine, size_t row, struct err *err)
{
	struct network_record *record = networks_by_name(engine, standard[row].name);
	bool fresh = !record;
	if (fresh) {
		record = x_alloc(sizeof *record);
		random_id(record->id);
		record->name = x_strdup(standard[row].name);
		record->created_ns = time_wall_ns();
	}
	int rc = standard_fill(engine, record, standard[row].driver, err);
	if (rc == 0 && fresh)
		rc = networks_insert(engine, record, err);
	if (rc < 0 && fresh)
		networks_record_free(engine, record);
	return rc;
}

/* --- start and stop --- */

static void config_fill(const struct engine_config *config, struct network_pool *pools,
			struct networks_config *out_config)
{
	for (size_t i = 0; i < config->pool_count; i++)
		pools[i] = (struct network_pool){config->pools[i].base, config->pools[i].size};
	*out_config = (struct networks_config){
	    .nft_table = config->nft_table,
	    .publish_ip = config->publish_ip,
	    .pools = pools,
	    .pool_count = config->pool_count,
	    .ready = config->network_pool,
	    .ip_forward = config->ip_forward,
	};
}

/* The user's networks first: the default bridge goes where they leave room. */
static int records_add(struct engine *engine, bool wanted_standard, bool *out_whole, struct err *err)
{
	for (struct network_record *at = engine->network_records; at; at = at->next) {
		if (at->standard != wanted_standard || at->document.request.config_only)
			continue;
		int rc = networks_add(engine, at, true, err);
		if (rc < 0 && at->standard)
			return rc;
		/* One network that cannot be taken up must not keep the engine from its start. */
		if (rc < 0)
			log_error(LOG_LEVEL_ERROR, err, "cannot take up a network", "network", at->name, NULL);
		*out_whole = *out_whole && rc == 0;
	}
	return 0;
}

int networks_start(struct engine *engine, struct err *err)
{
	auto_arena arena = {0};
	struct networks_config config;
	config_fill(&engine->config, arena_array(&arena, struct network_pool, engine->config.pool_count + 1), &config);
	int rc = networks_open(engine->loop, &config, &engine->networks, err);
	if (rc == 0)
		rc = database_migrate(engine->database, "network", migrations, array_size(migrations), err);
	if (rc == 0)
		rc = rows_read(engine, err);
	for (size_t i = 0; rc == 0 && i < array_size(standard); i++)
		rc = standard_ensure(engine, i, err);
	bool whole = true;
	if (rc == 0)
		rc = records_add(engine, false, &whole, err);
	if (rc == 0)
		rc = records_add(engine, true, &whole, err);
	/* Devices of a network that could not be taken up may be in use. */
	return rc == 0 && whole ? networks_sweep(engine->networks, err) : rc;
}

void networks_stop(struct engine *engine)
{
	networks_close(engine->networks);
	while (engine->network_records)
		networks_record_free(engine, engine->network_records);
}

/* --- finding --- */

struct network_record *networks_by_id(const struct engine *engine, const char *id)
{
	for (struct network_record *at = engine->network_records; at; at = at->next) {
		if (text_equal(at->id, id))
			return at;
	}
	return NULL;
}

struct network_record *networks_by_name(const struct engine *engine, const char *name)
{
	for (struct network_record *at = engine->network_records; at; at = at->next) {
		if (text_equal(at->name, name))
			return at;
	}
	return NULL;
}

static int find_prefix(const struct engine *engine, const char *prefix, struct network_record **out_record,
		       struct err *err)
{
	struct network_record *found = NULL;
	for (struct network_record *at = engine->network_records; at && *prefix; at = at->next) {
		if (!text_after(at->id, prefix))
			continue;
		if (found)
			return err_set(err, EINVAL, "network %s is ambiguous (2 matches found based on ID prefix)",
				       prefix);
		found = at;
	}
	if (!found)
		return err_set(err, ENOENT, "network %s not found", prefix);
	*out_record = found;
	return 0;
}

int networks_find(struct engine *engine, const char *name, struct network_record **out_record, struct err *err)
{
	struct network_record *found = networks_by_id(engine, name);
	if (!found)
		found = networks_by_name(engine, name);
	if (!found)
		return find_prefix(engine, name, out_record, err);
	*out_record = found;
	return 0;
}

const char *networks_name(const struct engine *engine, const char *id)
{
	const struct network_record *record = networks_by_id(engine, id);
	return record ? record->name : id;
}

/* --- events --- */

void networks_event(struct engine *engine, const struct network_record *record, const char *action,
		    const char *container)
{
	const char *driver = record->document.request.driver;
	struct json_pair pairs[3] = {{(char *)"name", record->name},
				     {(char *)"type", (char *)(text_empty(driver) ? "bridge" : driver)},
				     {(char *)"container", (char *)container}};
	event_publish(&engine->bus, "network", action, record->id, &(struct json_map){pairs, container ? 3 : 2}, NULL);
}
