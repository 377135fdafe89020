/* network create, ls, rm, connect, disconnect, prune */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/confirm.h"
#include "cli/filter_query.h"
#include "cli/listing.h"
#include "cli/pairs.h"
#include "cli/show.h"
#include "docker/network.h"

#include <stdlib.h>
#include <string.h>

/* --- create --- */

struct create_network_options {
	bool attachable, internal, ipv4, ipv6, config_only;
	const char *driver, *ipam_driver, *config_from, *scope;
	char **subnet, **gateway, **ip_range, **aux, **label, **opt, **ipam_opt;
};
static const struct create_network_options create_defaults_network = {.driver = "bridge", .ipv4 = true};

static const struct option_row create_network_rows[] = {
    O_BOOL(struct create_network_options, attachable, "attachable", 0, "Enable manual container attachment"),
    O_LIST(struct create_network_options, aux, "aux-address", 0, "map", "Addresses that are never given out"),
    O_STRING(struct create_network_options, config_from, "config-from", 0, "string",
	     "The network from which to copy the configuration"),
    O_BOOL(struct create_network_options, config_only, "config-only", 0, "Create a configuration only network"),
    O_STRING(struct create_network_options, driver, "driver", 'd', "string",
	     "Driver to manage the Network (default \"bridge\")"),
    O_LIST(struct create_network_options, gateway, "gateway", 0, "strings", "IPv4 or IPv6 Gateway for the subnet"),
    O_BOOL(struct create_network_options, internal, "internal", 0, "Restrict external access to the network"),
    O_LIST(struct create_network_options, ip_range, "ip-range", 0, "strings", "Allocate container ip from a sub-range"),
    O_STRING(struct create_network_options, ipam_driver, "ipam-driver", 0, "string",
	     "IP Address Management Driver (default \"default\")"),
    O_LIST(struct create_network_options, ipam_opt, "ipam-opt", 0, "map", "Set IPAM driver specific options"),
    O_BOOL(struct create_network_options, ipv4, "ipv4", 0, "Enable or disable IPv4 address assignment (default true)"),
    O_BOOL(struct create_network_options, ipv6, "ipv6", 0, "Enable or disable IPv6 address assignment"),
    O_LIST(struct create_network_options, label, "label", 0, "list", "Set metadata on a network"),
    O_LIST(struct create_network_options, opt, "opt", 'o', "map", "Set driver specific options"),
    O_STRING(struct create_network_options, scope, "scope", 0, "string", "Control the network's scope"),
    O_LIST(struct create_network_options, subnet, "subnet", 0, "strings", "Subnet in CIDR format"),
    O_ABSENT_BOOL("ingress", ""),
    O_END,
};

/* Ranges, gateways and reserved addresses go to the first subnet of their family that has none of the kind yet; the
 * engine says what does not fit. */
static bool same_family(const char *a, const char *b)
{
	return (strchr(a, ':') != NULL) == (strchr(b, ':') != NULL);
}

static int spread(struct ipam *ipam, char *const *values, size_t offset, const char *what, struct err *err)
{
	for (char *const *value = values; value && *value; value++) {
		bool placed = false;
		for (size_t i = 0; i < ipam->config.count && !placed; i++) {
			char **member = (char **)(void *)((char *)&ipam->config.items[i] + offset);
			if (*member || !same_family(ipam->config.items[i].subnet, *value))
				continue;
			*member = *value;
			placed = true;
		}
		if (!placed)
			return err_set(err, EINVAL, "no matching subnet for %s %s", what, *value);
	}
	return 0;
}

static int auxiliary_spread(struct cli *cli, struct ipam *ipam, char *const *values, struct err *err)
{
	struct json_map all = {0};
	int rc = pairs_add(&cli->arena, values, "aux-address", true, &all, err);
	for (size_t i = 0; rc == 0 && i < all.count; i++) {
		struct ipam_range *range = NULL;
		for (size_t k = 0; k < ipam->config.count && !range; k++) {
			if (same_family(ipam->config.items[k].subnet, all.items[i].value))
				range = &ipam->config.items[k];
		}
		if (!range)
			return err_set(err, EINVAL, "no matching subnet for aux-address %s", all.items[i].value);
		if (!range->auxiliary.items)
			range->auxiliary.items = arena_array(&cli->arena, struct json_pair, all.count);
		range->auxiliary.items[range->auxiliary.count++] = all.items[i];
	}
	return rc;
}

static int ipam_build(struct cli *cli, struct ipam *ipam, struct err *err)
{
	const struct create_network_options *options = cli->options;
	size_t count = strv_count(options->subnet);
	ipam->driver = (char *)(options->ipam_driver ? options->ipam_driver : "default");
	ipam->config.items = arena_array(&cli->arena, struct ipam_range, count + 1);
	for (; ipam->config.count < count; ipam->config.count++)
		ipam->config.items[ipam->config.count].subnet = options->subnet[ipam->config.count];
	int rc = pairs_add(&cli->arena, options->ipam_opt, "ipam option", true, &ipam->options, err);
	if (rc == 0)
		rc = spread(ipam, options->ip_range, offsetof(struct ipam_range, ip_range), "range", err);
	if (rc == 0)
		rc = spread(ipam, options->gateway, offsetof(struct ipam_range, gateway), "gateway", err);
	return rc < 0 ? rc : auxiliary_spread(cli, ipam, options->aux, err);
}

static int create_network_run(struct cli *cli)
{
	const struct create_network_options *options = cli->options;
	struct config_reference from = {(char *)options->config_from};
	struct ipam ipam = {0};
	bool ipv4 = options->ipv4, ipv6 = options->ipv6;
	struct network_create request = {
	    .name = cli->args[0],
	    .driver = (char *)options->driver,
	    .scope = (char *)options->scope,
	    .internal = options->internal,
	    .attachable = options->attachable,
	    .config_only = options->config_only,
	    .config_from = options->config_from ? &from : NULL,
	    .ipam = &ipam,
	    .enable_ipv4 = ipv4 ? NULL : &ipv4,
	    .enable_ipv6 = ipv6 ? &ipv6 : NULL,
	};
	struct network_created created = {0};
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	struct err err;
	int rc = ipam_build(cli, &ipam, &err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->opt, "driver option", false, &request.options, &err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->label, "label", false, &request.labels, &err);
	if (rc < 0)
		return cli_failed(&err);
	json_encode(&body, &table_network_create, &request);
	const struct client_request call = {.method = "POST", .path = "/networks/create", .json = buf_str(&body)};
	if (client_struct(&cli->client, &call, &table_network_created, &created, &err) < 0)
		return cli_failed(&err);
	print("%s\n", created.id);
	return 0;
}

const struct command command_network_create = {
    .path = "network create",
    .usage = "NETWORK",
    .summary = "Create a network",
    .args_min = 1,
    .args_max = 1,
    .options = create_network_rows,
    .options_size = sizeof(struct create_network_options),
    .defaults = &create_defaults_network,
    .run = create_network_run,
};

/* --- ls --- */

struct ls_network_options {
	char **filter;
	const char *format;
	bool no_trunc, quiet;
};

static const struct option_row ls_network_rows[] = {
    O_LIST(struct ls_network_options, filter, "filter", 'f', "filter",
	   "Provide filter values (e.g. \"driver=bridge\")"),
    O_STRING(struct ls_network_options, format, "format", 0, "string",
	     "Format output: 'table', 'table TEMPLATE', 'json', 'TEMPLATE'"),
    O_BOOL(struct ls_network_options, no_trunc, "no-trunc", 0, "Do not truncate the output"),
    O_BOOL(struct ls_network_options, quiet, "quiet", 'q', "Only display network IDs"),
    O_END,
};

static const struct column columns[] = {
    {"ID", "NETWORK ID"}, {"Name", "NAME"},	    {"Driver", "DRIVER"}, {"Scope", "SCOPE"},	       {"IPv4", "IPV4"},
    {"IPv6", "IPV6"},	  {"Internal", "INTERNAL"}, {"Labels", "LABELS"}, {"CreatedAt", "CREATED AT"}, {NULL, NULL},
};

static int name_compare(const void *a, const void *b)
{
	return strverscmp(((const struct network_inspect *)a)->name, ((const struct network_inspect *)b)->name);
}

static void row_fill(struct cli *cli, struct listing *listing, const struct network_inspect *network, bool whole)
{
	struct json *row = listing_row(listing);
	listing_set(listing, row, "ID", show_id(&cli->arena, network->id, whole));
	listing_set(listing, row, "Name", network->name);
	listing_set(listing, row, "Driver", network->driver);
	listing_set(listing, row, "Scope", network->scope);
	listing_set(listing, row, "IPv4", network->enable_ipv4 ? "true" : "false");
	listing_set(listing, row, "IPv6", network->enable_ipv6 ? "true" : "false");
	listing_set(listing, row, "Internal", network->internal ? "true" : "false");
	listing_set(listing, row, "CreatedAt", network->created);
	listing_labels(listing, row, &network->labels);
}

static int ls_network_run(struct cli *cli)
{
	static const char *const shown[] = {"ID", "Name", "Driver", "Scope", NULL};
	const struct ls_network_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = columns, .shown = shown};
	auto_buf path = BUF_INIT(1 << 20);
	const struct json *list;
	struct err err;
	buf_text(&path, "/networks?");
	if (filter_query(options->filter, &path, &err) < 0)
		return cli_failed(&err);
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	if (client_json(&cli->client, &request, &list, &err) < 0)
		return cli_failed(&err);
	struct network_inspect *networks = arena_array(&cli->arena, struct network_inspect, list->count + 1);
	for (size_t i = 0; i < list->count; i++) {
		if (json_decode(&cli->arena, &table_network_inspect, list->items[i], JSON_FOLD_CASE, &networks[i],
				&err) < 0)
			return cli_failed(&err);
	}
	qsort(networks, list->count, sizeof *networks, name_compare);
	for (size_t i = 0; i < list->count; i++)
		row_fill(cli, &listing, &networks[i], options->no_trunc);
	return listing_print(&listing, options->format, options->quiet ? "ID" : NULL, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_network_ls = {
    .path = "network ls",
    .alias = "list",
    .usage = "",
    .summary = "List networks",
    .options = ls_network_rows,
    .options_size = sizeof(struct ls_network_options),
    .run = ls_network_run,
};

/* --- rm --- */

struct rm_network_options {
	bool force;
};
static const struct option_row rm_network_rows[] = {
    O_BOOL(struct rm_network_options, force, "force", 'f', "Do not error if the network does not exist"),
    O_END,
};

static int rm_network_run(struct cli *cli)
{
	const struct rm_network_options *options = cli->options;
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		const struct client_request request = {.method = "DELETE",
						       .path = cli_path(cli, "/networks/%s", cli->args[i])};
		int rc = client_call(&cli->client, &request, NULL, NULL, &err);
		if (rc == 0)
			print("%s\n", cli->args[i]);
		else if (rc != -ENOENT || !options->force)
			status = cli_failed(&err);
	}
	if (status)
		fputs("exit status 1\n", stderr);
	return status;
}

const struct command command_network_rm = {
    .path = "network rm",
    .alias = "remove",
    .usage = "NETWORK [NETWORK...]",
    .summary = "Remove one or more networks",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = rm_network_rows,
    .options_size = sizeof(struct rm_network_options),
    .run = rm_network_run,
};

/* --- connect, disconnect --- */

struct connect_options {
	char **alias, **driver_opt, **link, **link_local;
	const char *ip, *ip6;
	int64_t priority;
};
static const struct option_row connect_rows[] = {
    O_LIST(struct connect_options, alias, "alias", 0, "strings", "Add network-scoped alias for the container"),
    O_LIST(struct connect_options, driver_opt, "driver-opt", 0, "strings", "driver options for the network"),
    O_NUMBER(struct connect_options, priority, "gw-priority", 0,
	     "Highest gw-priority provides the default gateway. Accepts positive and negative values"),
    O_STRING(struct connect_options, ip, "ip", 0, "ip", "IPv4 address (e.g., \"172.30.100.104\")"),
    O_STRING(struct connect_options, ip6, "ip6", 0, "ip", "IPv6 address (e.g., \"2001:db8::33\")"),
    O_LIST(struct connect_options, link, "link", 0, "list", "Add link to another container"),
    O_LIST(struct connect_options, link_local, "link-local-ip", 0, "ipSlice",
	   "Add a link-local address for the container"),
    O_END,
};

static int post(struct cli *cli, const char *path, const struct json_table *table, const void *request)
{
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	struct err err;
	json_encode(&body, table, request);
	const struct client_request call = {.method = "POST", .path = path, .json = buf_str(&body)};
	return client_call(&cli->client, &call, NULL, NULL, &err) < 0 ? cli_failed(&err) : 0;
}

static int connect_run(struct cli *cli)
{
	const struct connect_options *options = cli->options;
	struct endpoint_ipam ipam = {(char *)options->ip, (char *)options->ip6, options->link_local};
	struct endpoint_settings endpoint = {
	    .ipam = &ipam, .aliases = options->alias, .links = options->link, .gw_priority = options->priority};
	struct network_connect request = {.container = cli->args[1], .endpoint = &endpoint};
	struct err err;
	if (pairs_add(&cli->arena, options->driver_opt, "driver option", true, &endpoint.driver_opts, &err) < 0)
		return cli_failed(&err);
	return post(cli, cli_path(cli, "/networks/%s/connect", cli->args[0]), &table_network_connect, &request);
}

const struct command command_network_connect = {
    .path = "network connect",
    .usage = "NETWORK CONTAINER",
    .summary = "Connect a container to a network",
    .args_min = 2,
    .args_max = 2,
    .options = connect_rows,
    .options_size = sizeof(struct connect_options),
    .run = connect_run,
};

struct disconnect_options {
	bool force;
};
static const struct option_row disconnect_rows[] = {
    O_BOOL(struct disconnect_options, force, "force", 'f', "Force the container to disconnect from a network"),
    O_END,
};

static int disconnect_run(struct cli *cli)
{
	const struct disconnect_options *options = cli->options;
	struct network_disconnect request = {.container = cli->args[1], .force = options->force};
	return post(cli, cli_path(cli, "/networks/%s/disconnect", cli->args[0]), &table_network_disconnect, &request);
}

const struct command command_network_disconnect = {
    .path = "network disconnect",
    .usage = "NETWORK CONTAINER",
    .summary = "Disconnect a container from a network",
    .args_min = 2,
    .args_max = 2,
    .options = disconnect_rows,
    .options_size = sizeof(struct disconnect_options),
    .run = disconnect_run,
};

/* --- prune --- */

struct prune_network_options {
	bool force;
	char **filter;
};
static const struct option_row prune_network_rows[] = {
    O_LIST(struct prune_network_options, filter, "filter", 0, "filter",
	   "Provide filter values (e.g. \"until=<timestamp>\")"),
    O_BOOL(struct prune_network_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_END,
};

static int prune_network_run(struct cli *cli)
{
	const struct prune_network_options *options = cli->options;
	struct network_prune pruned = {0};
	auto_buf path = BUF_INIT(1 << 20);
	struct err err;
	if (!options->force &&
	    !confirm("WARNING! This will remove all custom networks not used by at least one container."))
		return 0;
	buf_text(&path, "/networks/prune?");
	if (filter_query(options->filter, &path, &err) < 0)
		return cli_failed(&err);
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	if (client_struct(&cli->client, &request, &table_network_prune, &pruned, &err) < 0)
		return cli_failed(&err);
	if (pruned.deleted && pruned.deleted[0])
		print("Deleted Networks:\n");
	for (char **name = pruned.deleted; name && *name; name++)
		print("%s\n", *name);
	if (pruned.deleted && pruned.deleted[0])
		print("\n");
	return 0;
}

const struct command command_network_prune = {
    .path = "network prune",
    .usage = "",
    .summary = "Remove all unused networks",
    .options = prune_network_rows,
    .options_size = sizeof(struct prune_network_options),
    .run = prune_network_run,
};
