#include "resolver/packet.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

enum { DATAGRAM_MIN = 512, DATAGRAM_MAX = 4096, LABEL_MAX = 63, QUERY_BIT = 0x80, OPCODE = 0x78, RD = 1, RA = 0x80 };

/* --- questions --- */

void packet_query_done(struct packet_query *query)
{
	ldns_pkt_free(query->packet);
	query->packet = NULL;
}

/* The labels as text in lower case; "" where they hold a dot or what is no character. */
static void name_read(const ldns_rdf *owner, char out_name[TABLE_NAME_MAX + 1])
{
	const uint8_t *bytes = ldns_rdf_data(owner);
	size_t size = ldns_rdf_size(owner), used = 0;
	for (size_t at = 0; at < size && bytes[at]; at += bytes[at] + 1U) {
		size_t label = bytes[at];
		if (label > LABEL_MAX || at + 1 + label >= size || used + label + 1 > TABLE_NAME_MAX) {
			used = 0;
			break;
		}
		if (used)
			out_name[used++] = '.';
		for (size_t i = 1; i <= label; i++) {
			uint8_t byte = bytes[at + i];
			if (byte <= ' ' || byte == '.' || byte == 0x7f) {
				out_name[0] = 0;
				return;
			}
			out_name[used++] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
		}
	}
	out_name[used] = 0;
}

static bool reversed_four(const char *name, struct table_address *address)
{
	enum { PARTS = 4 };
	auto_strv char **labels = strv_split(name, '.');
	if (strv_count(labels) != PARTS + 2 || !text_equal(labels[PARTS], "in-addr") ||
	    !text_equal(labels[PARTS + 1], "arpa"))
		return false;
	*address = (struct table_address){.size = PARTS};
	for (size_t i = 0; i < PARTS; i++) {
		const char *label = labels[PARTS - 1 - i]; /* the last part comes first */
		int64_t number;
		struct err ignored;
		if ((label[0] == '0' && label[1]) || number_parse(label, 0, 255, "part", &number, &ignored) < 0)
			return false;
		address->bytes[i] = (uint8_t)number;
	}
	return true;
}

static bool reversed_six(const char *name, struct table_address *address)
{
	enum { NIBBLES = 32 };
	static const char digits[] = "0123456789abcdef";
	if (strlen(name) != 2 * NIBBLES + strlen("ip6.arpa") || !text_equal(name + 2 * NIBBLES, "ip6.arpa"))
		return false;
	*address = (struct table_address){.size = 16};
	for (size_t i = 0; i < NIBBLES; i++) {
		const char *digit = strchr(digits, name[2 * i]);
		if (!digit || !*digit || name[2 * i + 1] != '.')
			return false;
		/* The last digit comes first. */
		address->bytes[15 - i / 2] |= (uint8_t)((digit - digits) << (i % 2 ? 4 : 0));
	}
	return true;
}

int packet_read(const uint8_t *bytes, size_t size, struct packet_query *out_query)
{
	struct packet_query query = {.limit = DATAGRAM_MIN};
	if (size < PACKET_HEAD || bytes[2] & QUERY_BIT)
		return -EBADMSG;
	if (bytes[2] & OPCODE)
		return -ENOTSUP;
	if (size > PACKET_QUERY_MAX || ldns_wire2pkt(&query.packet, bytes, size) != LDNS_STATUS_OK)
		return -EINVAL;
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(query.packet), 0);
	if (!question || ldns_pkt_qdcount(query.packet) != 1 || !ldns_rr_owner(question)) {
		packet_query_done(&query);
		return -EINVAL;
	}
	query.id = packet_id(bytes);
	query.type = (uint16_t)ldns_rr_get_type(question);
	query.internet = ldns_rr_get_class(question) == LDNS_RR_CLASS_IN;
	name_read(ldns_rr_owner(question), query.name);
	if (!reversed_four(query.name, &query.reversed) && !reversed_six(query.name, &query.reversed))
		query.reversed.size = 0;
	size_t wanted = ldns_pkt_edns(query.packet) ? ldns_pkt_edns_udp_size(query.packet) : 0;
	if (wanted > DATAGRAM_MIN)
		query.limit = wanted < DATAGRAM_MAX ? wanted : DATAGRAM_MAX;
	*out_query = query;
	return 0;
}

/* --- answers --- */

void packet_refuse(const uint8_t *bytes, size_t size, ldns_pkt_rcode code, struct buf *out)
{
	uint8_t head[PACKET_HEAD] = {0};
	if (size < PACKET_HEAD)
		return;
	memcpy(head, bytes, 3);
	head[2] = (uint8_t)((head[2] & (OPCODE | RD)) | QUERY_BIT);
	head[3] = (uint8_t)(RA | (uint8_t)code);
	buf_append(out, head, sizeof head);
}

static ldns_rr *record_new(const ldns_rr *question, ldns_rr_type type, ldns_rdf *data)
{
	ldns_rr *record = ldns_rr_new();
	ldns_rr_set_owner(record, ldns_rdf_clone(ldns_rr_owner(question)));
	ldns_rr_set_ttl(record, PACKET_TTL);
	ldns_rr_set_class(record, LDNS_RR_CLASS_IN);
	ldns_rr_set_type(record, type);
	ldns_rr_push_rdf(record, data);
	return record;
}

static void address_push(ldns_pkt *reply, const ldns_rr *question, const struct table_address *address)
{
	bool four = address->size == 4;
	ldns_rdf *data =
	    ldns_rdf_new_frm_data(four ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, address->size, address->bytes);
	ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER,
			 record_new(question, four ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA, data));
}

/* A name of ours, whose labels may be too long for DNS. */
static bool name_push(ldns_pkt *reply, const ldns_rr *question, const char *name)
{
	uint8_t wire[TABLE_NAME_MAX + 2];
	size_t used = 0;
	auto_strv char **labels = strv_split(name, '.');
	for (char **label = labels; *label; label++) {
		size_t size = strlen(*label);
		if (size == 0 || size > LABEL_MAX || used + size + 2 > TABLE_NAME_MAX)
			return false;
		wire[used++] = (uint8_t)size;
		memcpy(wire + used, *label, size);
		used += size;
	}
	wire[used++] = 0;
	ldns_rdf *data = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, used, wire);
	ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, record_new(question, LDNS_RR_TYPE_PTR, data));
	return true;
}

static ldns_pkt *reply_new(const struct packet_query *query, ldns_pkt_rcode code)
{
	ldns_pkt *reply = ldns_pkt_new();
	ldns_pkt_set_id(reply, query->id);
	ldns_pkt_set_qr(reply, true);
	ldns_pkt_set_rd(reply, ldns_pkt_rd(query->packet));
	ldns_pkt_set_cd(reply, ldns_pkt_cd(query->packet));
	ldns_pkt_set_ra(reply, true);
	ldns_pkt_set_rcode(reply, (uint8_t)code);
	ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION,
			 ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query->packet), 0)));
	if (ldns_pkt_edns(query->packet))
		ldns_pkt_set_edns_udp_size(reply, DATAGRAM_MAX);
	return reply;
}

/* What it takes without an answer is found by writing it: what compression makes of names is ldns's business. */
static size_t room_for(const ldns_pkt *reply, const struct packet_answer *answer, size_t limit)
{
	enum { RECORD = 12 }; /* a pointer for the name, type, class, time, length */
	uint8_t *wire = NULL;
	size_t size = 0;
	if (answer->count == 0 || ldns_pkt2wire(&wire, reply, &size) != LDNS_STATUS_OK)
		return 0;
	LDNS_FREE(wire);
	return size > limit ? 0 : (limit - size) / (RECORD + answer->addresses[0].size);
}

int packet_answer(const struct packet_query *query, const struct packet_answer *answer, size_t limit, struct buf *out)
{
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(query->packet), 0);
	ldns_pkt *reply = reply_new(query, answer->code);
	uint8_t *wire = NULL;
	size_t size = 0, room = room_for(reply, answer, limit);
	for (size_t i = 0; i < answer->count && i < room; i++)
		address_push(reply, question, &answer->addresses[i]);
	if (answer->count > room)
		ldns_pkt_set_tc(reply, true);
	bool good = !answer->name || name_push(reply, question, answer->name);
	good = good && ldns_pkt2wire(&wire, reply, &size) == LDNS_STATUS_OK;
	ldns_pkt_free(reply);
	if (good && size <= limit)
		buf_append(out, wire, size);
	LDNS_FREE(wire);
	return good && size <= limit && !out->overflow ? 0 : -EINVAL;
}

/* --- replies of others --- */

static ldns_rr *question_of(const uint8_t *bytes, size_t size)
{
	ldns_rr *question = NULL;
	size_t at = PACKET_HEAD;
	return ldns_wire2rr(&question, bytes, size, &at, LDNS_SECTION_QUESTION) == LDNS_STATUS_OK ? question : NULL;
}

static bool same_question(const ldns_rr *a, const ldns_rr *b)
{
	return a && b && ldns_rr_get_type(a) == ldns_rr_get_type(b) && ldns_rr_get_class(a) == ldns_rr_get_class(b) &&
	       ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0;
}

bool packet_answers(const uint8_t *question, size_t question_size, const uint8_t *bytes, size_t size)
{
	if (size < PACKET_HEAD || question_size < PACKET_HEAD || packet_id(bytes) != packet_id(question) ||
	    !(bytes[2] & QUERY_BIT) || bytes[2] & OPCODE)
		return false;
	unsigned count = (unsigned)bytes[4] << 8 | bytes[5];
	if (count == 0) /* a server that could not read it has nothing to repeat */
		return packet_code(bytes) != LDNS_RCODE_NOERROR && packet_code(bytes) != LDNS_RCODE_NXDOMAIN;
	ldns_rr *sent = question_of(question, question_size), *got = question_of(bytes, size);
	bool same = count == 1 && same_question(sent, got);
	ldns_rr_free(sent);
	ldns_rr_free(got);
	return same;
}
