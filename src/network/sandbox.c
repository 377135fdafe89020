#include "network/sandbox.h"
#include "base/file.h"
#include "network/link.h"

#include <fcntl.h>
#include <linux/netlink.h>
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

int sandbox_call(const struct sandbox_home *home, int namespace_fd, int (*inside)(void *cookie, struct err *err),
		 void *cookie, struct err *err)
{
	if (setns(namespace_fd, CLONE_NEWNET) < 0)
		return err_sys(err, "enter the network namespace");
	int result = inside(cookie, err);
	go_home(home);
	return result;
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

int sandbox_make(const struct sandbox_home *home, int *out_fd, struct netlink *out_inside, struct err *err)
{
	enum { LO = 1 };
	auto_fd int namespace = -1;
	auto_netlink inside = {.fd = -1};
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "new network namespace");
	int result = open_inside(&namespace, &inside, err);
	go_home(home);
	if (result == 0)
		result = link_set_up(&inside, LO, err);
	if (result < 0)
		return result;
	*out_fd = take_fd(&namespace);
	*out_inside = inside;
	inside.fd = -1;
	return 0;
}

struct opening {
	int protocol;
	struct netlink netlink;
};

static int open_netlink(void *cookie, struct err *err)
{
	struct opening *opening = cookie;
	return netlink_open(opening->protocol, &opening->netlink, err);
}

int sandbox_netlink(const struct sandbox_home *home, int namespace_fd, int protocol, struct netlink *out_inside,
		    struct err *err)
{
	struct opening opening = {.protocol = protocol};
	int result = sandbox_call(home, namespace_fd, open_netlink, &opening, err);
	if (result == 0)
		*out_inside = opening.netlink;
	return result;
}

struct setting {
	const char *name, *value;
};

static int write_setting(void *cookie, struct err *err)
{
	const struct setting *setting = cookie;
	char file[256];
	snprintf(file, sizeof file, "/proc/sys/net/%s", setting->name);
	return file_control(AT_FDCWD, file, setting->value, err);
}

int sandbox_sysctl(const struct sandbox_home *home, int namespace_fd, const char *name, const char *value,
		   struct err *err)
{
	struct setting setting = {name, value};
	return sandbox_call(home, namespace_fd, write_setting, &setting, err);
}
