#include "network/sandbox.h"
#include "base/file.h"
#include "base/random.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>

static const char own_namespace[] = "/proc/thread-self/ns/net";

int sandbox_home_open(struct sandbox_home *out_home, struct err *err)
{
	int fd = open(own_namespace, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", own_namespace);
	out_home->namespace_fd = fd;
	return 0;
}

static void go_home(const struct sandbox_home *home)
{
	/* Going on in a container's namespace would be worse than ending. */
	if (setns(home->namespace_fd, CLONE_NEWNET) < 0)
		BUG("cannot return to the engine's network namespace: %s", strerror(errno));
}

/* In the new namespace: what can only be reached from inside. */
static int open_inside(int *out_namespace, struct netlink *out_netlink, struct err *err)
{
	auto_fd int namespace = open(own_namespace, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return err_sys(err, "open %s", own_namespace);
	struct err no_ipv6;
	if (file_control(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", &no_ipv6) < 0 &&
	    no_ipv6.code != ENOENT)
		return err_set(err, no_ipv6.code, "%s", no_ipv6.msg);
	if (netlink_open(NETLINK_ROUTE, out_netlink, err) < 0)
		return -err->code;
	*out_namespace = take_fd(&namespace);
	return 0;
}

static int make_namespace(const struct sandbox_home *home, int *out_namespace, struct netlink *out_netlink,
			  struct err *err)
{
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "new network namespace");
	int result = open_inside(out_namespace, out_netlink, err);
	go_home(home);
	return result;
}

int sandbox_make_empty(const struct sandbox_home *home, int *out_fd, struct err *err)
{
	auto_fd int namespace = -1;
	auto_netlink inside = {.fd = -1};
	if (make_namespace(home, &namespace, &inside, err) < 0 || link_set_up_inside(&inside, NULL, 0, err) < 0)
		return -err->code;
	*out_fd = take_fd(&namespace);
	return 0;
}

void sandbox_mac(uint32_t address, uint8_t out_mac[MAC_SIZE])
{
	uint8_t mac[MAC_SIZE] = {
	    0x02, 0x42, (uint8_t)(address >> 24), (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};
	memcpy(out_mac, mac, sizeof mac);
}

/* The name of the port is of no importance to anybody; it must only be free. */
static int make_pair(const struct sandbox_place *place, int namespace, const uint8_t *mac, char out_name[IFNAMSIZ],
		     struct err *err)
{
	enum { TRIES = 8 };
	int result = -EEXIST;
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		uint32_t number;
		char name[IFNAMSIZ];
		random_bytes(&number, sizeof number);
		snprintf(name, sizeof name, "veth%08x", number);
		struct link_pair pair = {
		    .name = name, .bridge = place->bridge, .mtu = place->mtu, .namespace_fd = namespace, .mac = mac};
		result = link_make_pair(place->route, &pair, err);
		if (result == 0)
			memcpy(out_name, name, sizeof name);
	}
	return result;
}

int sandbox_make(const struct sandbox_home *home, const struct sandbox_place *place, int *out_fd, struct err *err)
{
	auto_fd int namespace = -1;
	auto_netlink inside = {.fd = -1};
	uint8_t mac[MAC_SIZE];
	char name[IFNAMSIZ];
	struct link_info port;
	sandbox_mac(place->address.address, mac);
	if (make_namespace(home, &namespace, &inside, err) < 0 || make_pair(place, namespace, mac, name, err) < 0 ||
	    link_set_up_inside(&inside, &place->address, place->gateway, err) < 0 ||
	    link_find(place->route, name, &port, err) < 0 || link_set_port(place->route, port.index, mac, err) < 0)
		return -err->code; /* the pair ends with the namespace */
	*out_fd = take_fd(&namespace);
	return 0;
}
