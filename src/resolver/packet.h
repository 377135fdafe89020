/*
 * DNS packets, read and written by ldns. Pure. Every byte may be hostile: a container's questions, a name server's
 * replies.
 *
 * What is asked of others goes out and comes back as it was written, but for its number: only the head and the question
 * of a reply are looked at, which must be those that were sent.
 */
#pragma once

#include "base/buffer.h"
#include "resolver/table.h"

#include <ldns/ldns.h>

enum { PACKET_HEAD = 12, PACKET_QUERY_MAX = 4096, PACKET_MAX = 65535, PACKET_TTL = 600 };

struct packet_query {
	uint16_t id, type;
	bool internet;		       /* of the class of addresses: none other has names here */
	char name[TABLE_NAME_MAX + 1]; /* lower case, no dot at its end; "" for what is no text */
	size_t limit;		       /* of an answer in one datagram */
	struct table_address reversed; /* what 2.0.0.10.in-addr.arpa and its like ask for */
	ldns_pkt *packet;
};
void packet_query_done(struct packet_query *query);
#define auto_query __attribute__((cleanup(packet_query_done))) struct packet_query

/*
 * -EBADMSG: no question, not worth an answer; -EINVAL, -ENOTSUP: to be answered by packet_refuse with FORMERR, NOTIMP.
 */
int packet_read(const uint8_t *bytes, size_t size, struct packet_query *out_query) must_check;

/* The head alone, with an error. The bytes passed as a question. */
void packet_refuse(const uint8_t *bytes, size_t size, ldns_pkt_rcode code, struct buf *out);

struct packet_answer {
	ldns_pkt_rcode code;
	const struct table_address *addresses;
	size_t count;
	const char *name; /* of a reversed one; NULL */
};
/* As many addresses as there is room for, marked as truncated when that is not all. -EINVAL. */
int packet_answer(const struct packet_query *query, const struct packet_answer *answer, size_t limit,
		  struct buf *out) must_check;

/* Whether the bytes answer that question, which was sent with this number. */
bool packet_answers(const uint8_t *question, size_t question_size, const uint8_t *bytes, size_t size);

static inline uint16_t packet_id(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}
static inline void packet_id_set(uint8_t *bytes, uint16_t id)
{
	bytes[0] = (uint8_t)(id >> 8);
	bytes[1] = (uint8_t)id;
}
static inline ldns_pkt_rcode packet_code(const uint8_t *bytes)
{
	return (ldns_pkt_rcode)(bytes[3] & 15);
}
