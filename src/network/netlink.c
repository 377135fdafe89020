#include "network/netlink.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

enum { RECEIVE_SIZE = 64 << 10, ATTRIBUTE_MAX = UINT16_MAX };

int netlink_open(int protocol, struct netlink *out_netlink, struct err *err)
{
	auto_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return err_sys(err, "netlink socket");
	int on = 1;
	/* kernel 4.12: NETLINK_EXT_ACK, 4.20: NETLINK_GET_STRICT_CHK; both only add comfort. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	int room = NETLINK_BATCH_MAX; /* a whole table is one message */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	if (bind(fd, (const struct sockaddr *)&own, sizeof own) < 0)
		return err_sys(err, "bind netlink socket");
	*out_netlink = (struct netlink){.fd = take_fd(&fd), .sequence = 1};
	return 0;
}

void netlink_done(struct netlink *netlink)
{
	cleanup_fd(&netlink->fd);
	netlink->fd = -1;
}

void netlink_batch_done(struct netlink_batch *batch)
{
	buf_done(&batch->bytes);
}

/* --- building --- */

static void pad(struct netlink_batch *batch)
{
	static const char zeros[NLMSG_ALIGNTO];
	buf_append(&batch->bytes, zeros, NLMSG_ALIGN(batch->bytes.len) - batch->bytes.len);
}

/* The length of the message is kept right with everything that is put. */
static void grown(struct netlink_batch *batch)
{
	pad(batch);
	if (batch->bytes.overflow || !batch->count) {
		batch->invalid = true;
		return;
	}
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)(batch->bytes.data + batch->message);
	message->nlmsg_len = (uint32_t)(batch->bytes.len - batch->message);
}

void netlink_begin(struct netlink_batch *batch, const char *what, uint16_t type, uint16_t flags, const void *header,
		   size_t size)
{
	struct nlmsghdr message = {.nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST};
	batch->message = batch->bytes.len;
	message.nlmsg_seq = (uint32_t)batch->count; /* made absolute when it is sent */
	if (batch->count < NETLINK_NAMES_MAX)
		batch->what[batch->count] = what;
	batch->count++;
	buf_append(&batch->bytes, &message, sizeof message);
	buf_append(&batch->bytes, header, size);
	grown(batch);
}

void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t size)
{
	buf_append(&batch->bytes, data, size);
	grown(batch);
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	if (size > ATTRIBUTE_MAX - NLA_HDRLEN) {
		batch->invalid = true;
		return;
	}
	struct nlattr attribute = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size)};
	buf_append(&batch->bytes, &attribute, sizeof attribute);
	buf_append(&batch->bytes, data, size);
	grown(batch);
}

void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put_u32(batch, type, htonl(value));
}

void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	uint64_t swapped = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
	netlink_put(batch, type, &swapped, sizeof swapped);
}

void netlink_put_text(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_put(batch, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
	size_t nest = batch->bytes.len;
	netlink_put(batch, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
	size_t size = batch->bytes.len - nest;
	if (batch->invalid || batch->bytes.overflow || size > ATTRIBUTE_MAX) {
		batch->invalid = true;
		return;
	}
	struct nlattr *attribute = (struct nlattr *)(void *)(batch->bytes.data + nest);
	attribute->nla_len = (uint16_t)size;
}

/* --- reading --- */

static void list_attributes(const char *at, size_t left, const struct nlattr **out_attributes, size_t room)
{
	memset(out_attributes, 0, room * sizeof *out_attributes);
	while (left >= sizeof(struct nlattr)) {
		const struct nlattr *attribute = (const struct nlattr *)(const void *)at;
		size_t size = attribute->nla_len, type = attribute->nla_type & NLA_TYPE_MASK;
		if (size < NLA_HDRLEN || size > left)
			return;
		if (type < room)
			out_attributes[type] = attribute;
		size = NLA_ALIGN(size) < left ? NLA_ALIGN(size) : left;
		at += size;
		left -= size;
	}
}

void netlink_attributes(const struct nlmsghdr *message, size_t header_size, const struct nlattr **out_attributes,
			size_t room)
{
	size_t before = NLMSG_LENGTH(NLMSG_ALIGN(header_size));
	size_t left = message->nlmsg_len > before ? message->nlmsg_len - before : 0;
	list_attributes((const char *)message + before, left, out_attributes, room);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **out_attributes, size_t room)
{
	size_t left = nest ? (size_t)nest->nla_len - NLA_HDRLEN : 0;
	list_attributes((const char *)nest + NLA_HDRLEN, left, out_attributes, room);
}

const void *netlink_data(const struct nlattr *attribute, size_t size)
{
	return attribute && (size_t)attribute->nla_len - NLA_HDRLEN >= size ? (const char *)attribute + NLA_HDRLEN
									    : NULL;
}

const char *netlink_text(const struct nlattr *attribute)
{
	const char *text = netlink_data(attribute, 1);
	return text && memchr(text, 0, (size_t)attribute->nla_len - NLA_HDRLEN) ? text : NULL;
}

uint32_t netlink_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;
	const void *data = netlink_data(attribute, sizeof value);
	if (data)
		memcpy(&value, data, sizeof value);
	return value;
}

/* --- talking --- */

static const char *name_of(const struct netlink_batch *batch, size_t index)
{
	return index < batch->count && index < NETLINK_NAMES_MAX ? batch->what[index]
	       : batch->what[0]					 ? batch->what[0]
								 : "netlink";
}

/* Fills err from an acknowledgement that says no; 0 for one that says yes. */
static int acknowledged(const struct netlink_batch *batch, uint32_t first, const struct nlmsghdr *message,
			struct err *err)
{
	const struct nlmsgerr *answer = NLMSG_DATA(message);
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof *answer))
		return err_set(err, EBADMSG, "netlink: an answer that was cut");
	if (answer->error == 0)
		return 0;
	uint32_t index = message->nlmsg_seq - first;
	const char *what = name_of(batch, index), *words = NULL;
	if (message->nlmsg_flags & NLM_F_ACK_TLVS) {
		const struct nlattr *attributes[NLMSGERR_ATTR_MSG + 1];
		size_t echoed = sizeof *answer;
		if (!(message->nlmsg_flags & NLM_F_CAPPED) && answer->msg.nlmsg_len > sizeof answer->msg)
			echoed += answer->msg.nlmsg_len - sizeof answer->msg;
		netlink_attributes(message, echoed, attributes, array_size(attributes));
		words = netlink_text(attributes[NLMSGERR_ATTR_MSG]);
	}
	int code = -answer->error;
	return err_set(err, code, "%s: %s%s%s", what, strerror(code), words ? ": " : "", words ? words : "");
}

static int transmit(struct netlink *netlink, struct netlink_batch *batch, uint32_t *out_first, struct err *err)
{
	if (batch->invalid || batch->bytes.overflow || batch->count == 0)
		return err_set(err, E2BIG, "%s: the netlink message would be too long",
			       name_of(batch, batch->count - 1));
	uint32_t first = netlink->sequence;
	netlink->sequence += (uint32_t)batch->count;
	for (size_t at = 0; at < batch->bytes.len;) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)(batch->bytes.data + at);
		message->nlmsg_seq += first;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec part = {batch->bytes.data, batch->bytes.len};
	struct msghdr send = {.msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = &part, .msg_iovlen = 1};
	if (sendmsg(netlink->fd, &send, 0) < 0)
		return err_sys(err, "%s", batch->what[0]);
	*out_first = first;
	return 0;
}

/*
 * Reads what has been answered: the kernel answers while the send runs, and continues a dump with each receive, so an
 * empty queue is the end.
 */
static int receive(struct netlink *netlink, const struct netlink_batch *batch, uint32_t first,
		   int (*answer)(void *cookie, const struct nlmsghdr *message), void *cookie, struct err *err)
{
	auto_free char *space = x_alloc(RECEIVE_SIZE);
	int result = 0;
	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t from_size = sizeof from;
		ssize_t got = recvfrom(netlink->fd, space, RECEIVE_SIZE, MSG_DONTWAIT | MSG_TRUNC,
				       (struct sockaddr *)&from, &from_size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || result < 0 ? result : err_sys(err, "%s", batch->what[0]);
		if (from.nl_pid != 0)
			continue; /* not from the kernel */
		if (got > RECEIVE_SIZE)
			return err_set(err, EMSGSIZE, "%s: an answer of %zd bytes", batch->what[0], got);
		size_t left = (size_t)got;
		for (const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)space;
		     NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_seq - first >= batch->count || result < 0)
				continue;
			if (message->nlmsg_type == NLMSG_ERROR)
				result = acknowledged(batch, first, message, err);
			else if (message->nlmsg_type >= NLMSG_MIN_TYPE && answer &&
				 (result = answer(cookie, message)) < 0)
				result = err_set(err, -result, "%s: %s", batch->what[0], strerror(-result));
		}
	}
}

int netlink_ask(struct netlink *netlink, struct netlink_batch *batch,
		int (*answer)(void *cookie, const struct nlmsghdr *message), void *cookie, struct err *err)
{
	uint32_t first;
	int result = transmit(netlink, batch, &first, err);
	if (result == 0)
		result = receive(netlink, batch, first, answer, cookie, err);
	buf_reset(&batch->bytes);
	batch->count = 0;
	batch->invalid = false;
	return result;
}

int netlink_send(struct netlink *netlink, struct netlink_batch *batch, struct err *err)
{
	return netlink_ask(netlink, batch, NULL, NULL, err);
}
