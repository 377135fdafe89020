/*
 * Netlink, raw: a batch of messages is built in memory with every length checked, sent at once, and answered
 * before the send returns, so nothing ever waits.
 */
#pragma once

#include "base/buffer.h"

#include <linux/netlink.h>

struct netlink {
	int fd; /* -1: closed */
	uint32_t sequence;
};

/* A socket in the network namespace of the calling thread. protocol: NETLINK_ROUTE, NETLINK_NETFILTER. */
int netlink_open(int protocol, struct netlink *out_netlink, struct err *err) must_check;
void netlink_done(struct netlink *netlink);
#define auto_netlink __attribute__((cleanup(netlink_done))) struct netlink

enum { NETLINK_BATCH_MAX = 32 << 20, NETLINK_NAMES_MAX = 64 };

struct netlink_batch {
	struct buf bytes;
	size_t message; /* where the last message begins */
	size_t count;
	bool invalid;			     /* something was longer than its length field */
	const char *what[NETLINK_NAMES_MAX]; /* of the first ones, for errors: "add address to eth0"; not copied */
};
#define NETLINK_BATCH_INIT                           \
	{                                            \
		.bytes = BUF_INIT(NETLINK_BATCH_MAX) \
	}
void netlink_batch_done(struct netlink_batch *batch);
#define auto_batch __attribute__((cleanup(netlink_batch_done))) struct netlink_batch

/* Begins a message with its family's header. NLM_F_REQUEST is added. what stays the caller's. */
void netlink_begin(struct netlink_batch *batch, const char *what, uint16_t type, uint16_t flags, const void *header,
		   size_t size);
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value);
void netlink_put_text(struct netlink_batch *batch, uint16_t type, const char *text);
/* Attributes that are put until netlink_nest_end are inside it. */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);
/* A header inside an attribute (VETH_INFO_PEER). */
void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t size);

/*
 * Sends the batch and empties it. The first message that the kernel refuses is the error: "what: kernel's words". Each
 * message that is not a dump should have NLM_F_ACK, the messages of an nftables batch need not.
 */
int netlink_send(struct netlink *netlink, struct netlink_batch *batch, struct err *err) must_check;

/* Sends one question; answer is called for each message of the answer. It returns 0 or -errno to stop. */
int netlink_ask(struct netlink *netlink, struct netlink_batch *batch,
		int (*answer)(void *cookie, const struct nlmsghdr *message), void *cookie, struct err *err) must_check;

/*
 * The attributes behind a header of header_size bytes, by type below room; what does not fit its message is not
 * listed.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t header_size, const struct nlattr **out_attributes,
			size_t room);
void netlink_nested(const struct nlattr *nest, const struct nlattr **out_attributes, size_t room);
const void *netlink_data(const struct nlattr *attribute, size_t size); /* NULL when it is missing or shorter */
const char *netlink_text(const struct nlattr *attribute);	       /* NULL when it is missing or has no end */
uint32_t netlink_u32(const struct nlattr *attribute);		       /* 0 when it is missing */
