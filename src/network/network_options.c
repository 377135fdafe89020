#include "network/network_options.h"
#include "base/text.h"

#include <string.h>

enum option_kind { KIND_BOOL, KIND_TEXT, KIND_ADDRESS, KIND_MODE, KIND_MTU };

#define BRIDGE(name) "com.docker.network.bridge." name
#define OFFSET(member) offsetof(struct network_options, member)

static const struct row {
	const char *key;
	enum option_kind kind;
	size_t offset;
} rows[] = {
    {BRIDGE("name"), KIND_TEXT, OFFSET(bridge_name)},
    {BRIDGE("enable_icc"), KIND_BOOL, OFFSET(icc)},
    {BRIDGE("enable_ip_masquerade"), KIND_BOOL, OFFSET(masquerade)},
    {BRIDGE("inhibit_ipv4"), KIND_BOOL, OFFSET(inhibit_four)},
    {BRIDGE("host_binding_ipv4"), KIND_ADDRESS, OFFSET(host_binding)},
    {BRIDGE("gateway_mode_ipv4"), KIND_MODE, OFFSET(mode_four)},
    {BRIDGE("gateway_mode_ipv6"), KIND_MODE, OFFSET(mode_six)},
    {BRIDGE("trusted_host_interfaces"), KIND_TEXT, OFFSET(trusted)},
    {"com.docker.network.driver.mtu", KIND_MTU, OFFSET(mtu)},
    {"com.docker.network.container_iface_prefix", KIND_TEXT, OFFSET(prefix)},
    {"com.docker.network.host_ipv4", KIND_ADDRESS, OFFSET(source_four)},
    {"com.docker.network.host_ipv6", KIND_ADDRESS, OFFSET(source_six)},
    {"tug.network.source_filter", KIND_BOOL, OFFSET(source_filter)},
    {"parent", KIND_TEXT, OFFSET(parent)},
    {"macvlan_mode", KIND_TEXT, OFFSET(macvlan_mode)},
    {"ipvlan_mode", KIND_TEXT, OFFSET(ipvlan_mode)},
    {"ipvlan_flag", KIND_TEXT, OFFSET(ipvlan_flag)},
};

/* Go's strconv.ParseBool. */
static bool bool_read(const char *text, bool *out_value)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	for (size_t i = 0; i < array_size(yes); i++) {
		if (text_equal(text, yes[i]) || text_equal(text, no[i])) {
			*out_value = text_equal(text, yes[i]);
			return true;
		}
	}
	return false;
}

static int mode_read(const char *text, int64_t *out_mode)
{
	static const char *const names[] = {[NFT_NAT] = "nat",
					    [NFT_UNPROTECTED] = "nat-unprotected",
					    [NFT_ROUTED] = "routed",
					    [NFT_ISOLATED] = "isolated"};
	for (size_t i = 0; i < array_size(names); i++) {
		if (text_equal(text, names[i])) {
			*out_mode = (int64_t)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int value_read(struct arena *arena, const struct row *row, const char *text, void *member, struct err *err)
{
	struct err ignored;
	switch (row->kind) {
	case KIND_BOOL:
		if (!bool_read(text, member))
			return err_set(err, EINVAL,
				       "failed to parse %s value: %s (strconv.ParseBool: parsing \"%s\": invalid "
				       "syntax)",
				       row->key, text, text);
		return 0;
	case KIND_ADDRESS:
		if (address_parse(text, member, &ignored) < 0)
			return err_set(err, EINVAL, "failed to parse %s value: %s (nil ip)", row->key, text);
		return 0;
	case KIND_MODE:
		if (*text && mode_read(text, member) < 0)
			return err_set(err, EINVAL, "failed to parse %s value: %s (unknown gateway mode %s)", row->key,
				       text, text);
		return 0;
	case KIND_MTU:
		if (number_parse(text, INT32_MIN, INT32_MAX, "mtu", member, &ignored) < 0)
			return err_set(err, EINVAL,
				       "failed to parse %s value: %s (strconv.Atoi: parsing \"%s\": invalid syntax)",
				       row->key, text, text);
		if (*(int64_t *)member < 0 || *(int64_t *)member > 65535)
			return err_set(err, EINVAL, "invalid MTU number: %s", text);
		return 0;
	case KIND_TEXT:
	default:
		*(char **)member = arena_strdup(arena, text);
		return 0;
	}
}

int network_options_read(struct arena *arena, const struct json_map *map, struct network_options *out_options,
			 struct err *err)
{
	struct network_options options = {.bridge_name = arena_strdup(arena, ""),
					  .icc = true,
					  .masquerade = true,
					  .source_filter = true,
					  .prefix = arena_strdup(arena, "eth"),
					  .trusted = arena_strdup(arena, ""),
					  .parent = arena_strdup(arena, ""),
					  .macvlan_mode = arena_strdup(arena, ""),
					  .ipvlan_mode = arena_strdup(arena, ""),
					  .ipvlan_flag = arena_strdup(arena, "")};
	for (size_t i = 0; map && i < map->count; i++) {
		for (size_t k = 0; k < array_size(rows); k++) {
			if (text_equal(map->items[i].key, rows[k].key) &&
			    value_read(arena, &rows[k], map->items[i].value, (char *)&options + rows[k].offset, err) <
				0)
				return -err->code;
		}
	}
	*out_options = options;
	return 0;
}
