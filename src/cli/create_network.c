#include "cli/create_network.h"

#include "base/text.h"
#include "cli/pairs.h"

#include <string.h>

static void list_add(struct arena *arena, char ***list, const char *value)
{
	size_t count = strv_count(*list);
	char **copy = arena_array(arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		copy[i] = (*list)[i];
	copy[count] = arena_strdup(arena, value);
	*list = copy;
}

static struct endpoint_ipam *ipam_of(struct arena *arena, struct endpoint_settings *endpoint)
{
	if (!endpoint->ipam)
		endpoint->ipam = arena_new(arena, struct endpoint_ipam);
	return endpoint->ipam;
}

static int field_set(struct arena *arena, struct endpoint_settings *endpoint, const char *key, const char *value,
		     struct err *err)
{
	char *copy = arena_strdup(arena, value);
	char *list[] = {copy, NULL};
	if (text_equal(key, "name"))
		endpoint->key = copy;
	else if (text_equal(key, "alias"))
		list_add(arena, &endpoint->aliases, value);
	else if (text_equal(key, "ip"))
		ipam_of(arena, endpoint)->ipv4_address = copy;
	else if (text_equal(key, "ip6"))
		ipam_of(arena, endpoint)->ipv6_address = copy;
	else if (text_equal(key, "link-local-ip"))
		list_add(arena, &ipam_of(arena, endpoint)->link_local_ips, value);
	else if (text_equal(key, "mac-address"))
		endpoint->mac_address = copy;
	else if (text_equal(key, "gw-priority"))
		return number_parse(value, INT32_MIN, INT32_MAX, "gw-priority", &endpoint->gw_priority, err);
	else if (text_equal(key, "driver-opt"))
		return pairs_add(arena, list, "driver-opt", true, &endpoint->driver_opts, err);
	else
		return err_set(err, EINVAL, "invalid field key %s", key);
	return 0;
}

/* A value without "=" is a name. */
static int network_parse(struct arena *arena, const char *text, struct endpoint_settings *endpoint, struct err *err)
{
	if (!strchr(text, '=')) {
		endpoint->key = arena_strdup(arena, text);
		return 0;
	}
	auto_strv char **fields = strv_split(text, ',');
	for (char **field = fields; *field; field++) {
		char *value = strchr(*field, '=');
		if (!value)
			return err_set(err, EINVAL, "invalid field %s", *field);
		*value++ = 0;
		int rc = field_set(arena, endpoint, *field, value, err);
		if (rc < 0)
			return rc;
	}
	return text_empty(endpoint->key) ? err_set(err, EINVAL, "network name/id is not specified") : 0;
}

static bool is_user_defined(const char *name)
{
	static const char *const others[] = {"default", "bridge", "host", "none"};
	for (size_t i = 0; i < array_size(others); i++) {
		if (text_equal(name, others[i]))
			return false;
	}
	return !text_after(name, "container:");
}

/* --ip, --mac-address, --network-alias, --link ... */
static int shortcuts_apply(struct arena *arena, const struct create_options *options,
			   struct endpoint_settings *endpoint, struct err *err)
{
	if (options->network_alias && options->network_alias[0] && !is_user_defined(endpoint->key))
		return err_set(err, EINVAL, "network-scoped aliases are only supported for user-defined networks");
	for (char **alias = options->network_alias; alias && *alias; alias++)
		list_add(arena, &endpoint->aliases, *alias);
	for (char **address = options->link_local_ip; address && *address; address++)
		list_add(arena, &ipam_of(arena, endpoint)->link_local_ips, *address);
	if (is_user_defined(endpoint->key))
		endpoint->links = options->link;
	if (options->ip)
		ipam_of(arena, endpoint)->ipv4_address = arena_strdup(arena, options->ip);
	if (options->ip6)
		ipam_of(arena, endpoint)->ipv6_address = arena_strdup(arena, options->ip6);
	if (options->mac_address)
		endpoint->mac_address = arena_strdup(arena, options->mac_address);
	return 0;
}

static int mac_check(const char *mac, struct err *err)
{
	size_t size = mac ? strlen(mac) : 17;
	if (size != 17 || (mac && strspn(mac, "0123456789abcdefABCDEF:-") != size))
		return err_set(err, EINVAL, "%s is not a valid mac address", mac);
	return 0;
}

int create_network(struct cli *cli, const struct create_options *options, struct container_create *request,
		   struct err *err)
{
	struct arena *arena = &cli->arena;
	static char fallback[] = "default";
	char *one[] = {fallback, NULL};
	char *const *texts = options->network && options->network[0] ? options->network : one;
	size_t count = strv_count(texts);
	struct endpoint_settings *endpoints = arena_array(arena, struct endpoint_settings, count + 1);
	int rc = mac_check(options->mac_address, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = network_parse(arena, texts[i], &endpoints[i], err);
		for (size_t k = 0; rc == 0 && k < i; k++) {
			if (text_equal(endpoints[k].key, endpoints[i].key))
				rc = err_set(err, EINVAL, "network \"%s\" is specified multiple times",
					     endpoints[i].key);
		}
		if (rc == 0 && count > 1 && !is_user_defined(endpoints[i].key) &&
		    !text_equal(endpoints[i].key, "bridge"))
			rc = err_set(err, EINVAL,
				     "conflicting options: cannot attach both user-defined and non-user-defined "
				     "network-modes");
	}
	if (rc == 0)
		rc = shortcuts_apply(arena, options, &endpoints[0], err);
	if (rc < 0)
		return rc;
	request->host.network_mode = endpoints[0].key;
	request->host.links = options->link;
	if (text_after(endpoints[0].key, "container:"))
		return 0;
	request->networking.endpoints.items = endpoints;
	request->networking.endpoints.count = count;
	return 0;
}
