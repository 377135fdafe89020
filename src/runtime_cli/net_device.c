#include "runtime_cli/net_device.h"

#include "base/buffer.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

enum { MESSAGE_MAX = 4096, ANSWER_MAX = 64 << 10 };

struct request {
	struct nlmsghdr head;
	char data[MESSAGE_MAX];
};

/* Lengths are checked before they are packed (CVE-2021-43784). */
static int put(struct request *request, unsigned short type, const void *data, size_t size, struct err *err)
{
	size_t at = NLMSG_ALIGN(request->head.nlmsg_len), whole = RTA_LENGTH(size);
	if (size > UINT16_MAX - RTA_LENGTH(0) || at + RTA_ALIGN(whole) > sizeof *request)
		return err_set(err, E2BIG, "netlink: an attribute is too long");
	struct rtattr *attribute = (struct rtattr *)(void *)((char *)request + at);
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)whole;
	memcpy(RTA_DATA(attribute), data, size);
	request->head.nlmsg_len = (uint32_t)(at + RTA_ALIGN(whole));
	return 0;
}

static void *begin(struct request *request, unsigned short type, unsigned short flags, size_t size)
{
	memset(request, 0, sizeof *request);
	request->head = (struct nlmsghdr){
	    .nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};
	return NLMSG_DATA(&request->head);
}

static int acknowledged(int fd, struct request *request, const char *what, struct err *err)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		char rest[MESSAGE_MAX];
	} answer;
	request->head.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, request, request->head.nlmsg_len, 0) < 0)
		return err_sys(err, "%s", what);
	ssize_t size = recv(fd, &answer, sizeof answer, 0);
	if (size < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.head.nlmsg_type != NLMSG_ERROR)
		return err_set(err, EPROTO, "%s: no answer of netlink's", what);
	return answer.body.error < 0 ? err_set(err, -answer.body.error, "%s: %s", what, strerror(-answer.body.error))
				     : 0;
}

static int socket_open(int *out_fd, struct err *err)
{
	*out_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return *out_fd < 0 ? err_sys(err, "netlink") : 0;
}

/* --- addresses: the kernel drops them with the move --- */

struct address {
	struct ifaddrmsg head;
	unsigned char local[16], address[16];
	size_t size;
};
enum { ADDRESSES_MAX = 64 };

static size_t address_take(const struct nlmsghdr *message, unsigned index, struct address *out)
{
	const struct ifaddrmsg *head = NLMSG_DATA(message);
	int left = (int)IFA_PAYLOAD(message);
	if (head->ifa_index != index || !(head->ifa_flags & IFA_F_PERMANENT) || head->ifa_scope == RT_SCOPE_LINK)
		return 0;
	*out = (struct address){.head = *head, .size = head->ifa_family == AF_INET6 ? 16 : 4};
	bool local = false;
	for (const struct rtattr *at = IFA_RTA(head); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if (RTA_PAYLOAD(at) != out->size)
			continue;
		if (at->rta_type == IFA_LOCAL)
			memcpy(out->local, RTA_DATA(at), out->size);
		else if (at->rta_type == IFA_ADDRESS)
			memcpy(out->address, RTA_DATA(at), out->size);
		local = local || at->rta_type == IFA_LOCAL;
	}
	if (!local)
		memcpy(out->local, out->address, out->size);
	return 1;
}

static int addresses_read(int fd, unsigned index, struct address *list, size_t *out_count, struct err *err)
{
	struct request request;
	auto_free char *answer = x_alloc(ANSWER_MAX);
	(void)begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	*out_count = 0;
	if (send(fd, &request, request.head.nlmsg_len, 0) < 0)
		return err_sys(err, "read addresses");
	for (;;) {
		ssize_t got = recv(fd, answer, ANSWER_MAX, 0);
		if (got < 0)
			return err_sys(err, "read addresses");
		int left = (int)got;
		for (const struct nlmsghdr *at = (void *)answer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
			if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR)
				return 0;
			if (at->nlmsg_type == RTM_NEWADDR && *out_count < ADDRESSES_MAX)
				*out_count += address_take(at, index, &list[*out_count]);
		}
	}
}

static int address_add(int fd, unsigned index, const struct address *address, struct err *err)
{
	struct request request;
	struct ifaddrmsg *head = begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *head);
	*head = address->head;
	head->ifa_index = index;
	head->ifa_flags = 0;
	int rc = put(&request, IFA_LOCAL, address->local, address->size, err);
	if (rc == 0)
		rc = put(&request, IFA_ADDRESS, address->address, address->size, err);
	return rc < 0 ? rc : acknowledged(fd, &request, "set an address", err);
}

/* --- the move --- */

static int link_up(int fd, unsigned index, struct err *err)
{
	struct request request;
	struct ifinfomsg *head = begin(&request, RTM_NEWLINK, 0, sizeof *head);
	head->ifi_index = (int)index;
	head->ifi_flags = head->ifi_change = IFF_UP;
	return acknowledged(fd, &request, "bring the device up", err);
}

static int link_send(int fd, unsigned index, const char *name, int space, struct err *err)
{
	struct request request;
	struct ifinfomsg *head = begin(&request, RTM_NEWLINK, 0, sizeof *head);
	uint32_t target = (uint32_t)space;
	head->ifi_index = (int)index;
	head->ifi_change = IFF_UP;
	int rc = put(&request, IFLA_NET_NS_FD, &target, sizeof target, err);
	if (rc == 0)
		rc = put(&request, IFLA_IFNAME, name, strlen(name) + 1, err);
	return rc < 0 ? rc : acknowledged(fd, &request, "move the device", err);
}

/* By name: the index may be another one in each namespace. *out_flags: IFF_*. -ENODEV. */
static int link_find(int fd, const char *name, unsigned *out_index, unsigned *out_flags, struct err *err)
{
	struct request request;
	char answer[MESSAGE_MAX];
	struct ifinfomsg *head = begin(&request, RTM_GETLINK, 0, sizeof *head);
	int rc = put(&request, IFLA_IFNAME, name, strlen(name) + 1, err);
	if (rc < 0)
		return rc;
	ssize_t got =
	    send(fd, &request, request.head.nlmsg_len, 0) < 0 ? -1 : recv(fd, answer, sizeof answer, MSG_TRUNC);
	const struct nlmsghdr *message = (void *)answer;
	if (got < (ssize_t)NLMSG_LENGTH(sizeof *head) || message->nlmsg_type != RTM_NEWLINK)
		return err_set(err, ENODEV, "no such device: %s", name);
	const struct ifinfomsg *found = NLMSG_DATA(message);
	*out_index = (unsigned)found->ifi_index;
	*out_flags = found->ifi_flags;
	return 0;
}

struct move {
	const struct oci_net_device *device;
	const char *name; /* inside */
	unsigned flags;	  /* as the host had it */
	size_t address_count;
	struct address addresses[ADDRESSES_MAX];
};

/* At its place with what it had, and up. */
static int device_set_up(int fd, const struct move *move, const char *name, bool up, struct err *err)
{
	unsigned index, flags;
	int rc = link_find(fd, name, &index, &flags, err);
	for (size_t i = 0; rc == 0 && i < move->address_count; i++)
		rc = address_add(fd, index, &move->addresses[i], err);
	return rc < 0 || !up ? rc : link_up(fd, index, err);
}

static int device_move(int here, int there, int space, struct move *move, struct err *err)
{
	unsigned index;
	int rc = link_find(here, move->device->key, &index, &move->flags, err);
	if (rc < 0)
		return err_set(err, ENODEV, "no such device of the host");
	rc = addresses_read(here, index, move->addresses, &move->address_count, err);
	if (rc == 0)
		rc = link_send(here, index, move->name, space, err);
	return rc < 0 ? rc : device_set_up(there, move, move->name, true, err);
}

/* After a failure. The kernel moves a device even where it cannot rename it: then it has its old name there. */
static void device_return(int here, int there, int own, const struct move *move)
{
	unsigned index, flags;
	struct err ignored;
	if (link_find(here, move->device->key, &index, &flags, &ignored) == 0)
		return;
	if (link_find(there, move->device->key, &index, &flags, &ignored) < 0 &&
	    link_find(there, move->name, &index, &flags, &ignored) < 0)
		return;
	if (link_send(there, index, move->device->key, own, &ignored) == 0)
		(void)!device_set_up(here, move, move->device->key, move->flags & IFF_UP, &ignored);
}

static int devices_move(int here, int there, int space, int own, const struct oci_linux *part, struct err *err)
{
	size_t count = part->net_devices.count, moved = 0;
	auto_free struct move *moves = x_alloc(count * sizeof *moves);
	int rc = 0;
	for (; rc == 0 && moved < count; moved++) {
		const struct oci_net_device *device = &part->net_devices.items[moved];
		moves[moved].device = device;
		moves[moved].name = text_empty(device->name) ? device->key : device->name;
		rc = device_move(here, there, space, &moves[moved], err);
		if (rc < 0)
			err_wrap(err, "%s", device->key);
	}
	while (rc < 0 && moved > 0)
		device_return(here, there, own, &moves[--moved]);
	return rc;
}

int net_devices_move(const struct oci_linux *part, pid_t pid, struct err *err)
{
	char path[48];
	auto_fd int here = -1, there = -1;
	if (part->net_devices.count == 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	auto_fd int space = open(path, O_RDONLY | O_CLOEXEC), own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (space < 0 || own < 0)
		return err_sys(err, "linux: netDevices: open the network namespace");
	int rc = socket_open(&here, err);
	if (rc == 0 && setns(space, CLONE_NEWNET) < 0)
		return err_sys(err, "linux: netDevices: enter the network namespace");
	if (rc == 0)
		rc = socket_open(&there, err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(err, "linux: netDevices: leave the network namespace");
	if (rc == 0)
		rc = devices_move(here, there, space, own, part, err);
	return rc < 0 ? err_wrap(err, "linux: netDevices") : 0;
}
