#include "network/bridge.h"
#include "base/file.h"
#include "network/sandbox.h"

#include <fcntl.h>
#include <string.h>

static const char forwarding_file[] = "/proc/sys/net/ipv4/ip_forward";

static int collect(void *cookie, const struct subnet *route)
{
	subnet_list_add(cookie, route);
	return 0;
}

static int choose_address(struct netlink *route, const struct bridge_spec *spec, struct subnet *out_address,
			  struct err *err)
{
	if (spec->address.prefix) {
		*out_address = spec->address;
		return 0;
	}
	struct subnet_list taken = {0};
	struct subnet network;
	int result = link_routes(route, collect, &taken, err);
	if (result == 0)
		result = subnet_choose(spec->pools, spec->pool_count, &taken, &network, err);
	if (result == 0)
		*out_address = (struct subnet){network.address + 1, network.prefix};
	subnet_list_done(&taken);
	return result;
}

static bool same(const struct subnet *a, const struct subnet *b)
{
	return a->address == b->address && a->prefix == b->prefix;
}

int bridge_ensure(struct netlink *route, const struct bridge_spec *spec, struct bridge *out_bridge, struct err *err)
{
	struct link_info link;
	struct bridge bridge = {0};
	if (link_find(route, spec->name, &link, err) < 0)
		return -err->code;
	if (link.index && !link.bridge)
		return err_set(err, EEXIST,
			       "%s is a device of this host and not a bridge: choose another name with "
			       "--bridge",
			       spec->name);
	if (link.index && link_address(route, link.index, &bridge.address, err) < 0)
		return -err->code;
	bool has_address = bridge.address.prefix != 0;
	if (has_address && spec->address.prefix && !same(&bridge.address, &spec->address)) {
		char there[16], wanted[16];
		address_text(bridge.address.address, there);
		address_text(spec->address.address, wanted);
		return err_set(err, EEXIST,
			       "%s has the address %s/%u, and bip is %s/%u: change bip, or stop all containers and run "
			       "tugd --purge",
			       spec->name, there, bridge.address.prefix, wanted, spec->address.prefix);
	}
	if (!has_address && choose_address(route, spec, &bridge.address, err) < 0)
		return err_wrap(err, "%s", spec->name);
	if (!link.index) {
		uint8_t mac[MAC_SIZE];
		sandbox_mac(bridge.address.address, mac);
		if (link_make_bridge(route, spec->name, mac, spec->mtu, err) < 0 ||
		    link_find(route, spec->name, &link, err) < 0)
			return -err->code;
	} else if (!link.up && link_set_up(route, link.index, err) < 0) {
		return err_wrap(err, "%s", spec->name);
	}
	if (!has_address && link_add_address(route, link.index, &bridge.address, err) < 0)
		return err_wrap(err, "%s", spec->name);
	bridge.index = link.index;
	*out_bridge = bridge;
	return 0;
}

int bridge_settings(const char *name, struct err *err)
{
	char file[128];
	snprintf(file, sizeof file, "/proc/sys/net/ipv4/conf/%s/route_localnet", name);
	if (file_control(AT_FDCWD, file, "1", err) < 0)
		return -err->code;
	snprintf(file, sizeof file, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	if (file_control(AT_FDCWD, file, "1", err) < 0 && err->code != ENOENT)
		return -err->code;
	return 0;
}

int forwarding_get(bool *out_on, struct err *err)
{
	auto_buf text = BUF_INIT(16);
	if (file_read(AT_FDCWD, forwarding_file, &text, err) < 0)
		return -err->code;
	*out_on = buf_str(&text)[0] == '1';
	return 0;
}

int forwarding_set(bool on, struct err *err)
{
	return file_control(AT_FDCWD, forwarding_file, on ? "1" : "0", err);
}

int bridge_purge(struct netlink *route, const char *name, struct err *err)
{
	struct link_info link;
	if (link_find(route, name, &link, err) < 0)
		return -err->code;
	if (!link.index || !link.bridge)
		return 0;
	if (link_delete_ports(route, link.index, err) < 0 || link_delete(route, link.index, err) < 0)
		return err_wrap(err, "%s", name);
	return 0;
}
