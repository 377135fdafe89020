#include "resolver/answer.h"
#include "unit/test.h"

#define NAMES(...) ((char *[]){__VA_ARGS__, NULL})

struct example {
	struct table table;
	const struct table_entry *entry;
};

static void example_make(struct example *example)
{
	memset(example, 0, sizeof *example);
	struct resolver_place web = {
	    .network = "n", .network_name = "net", .four = "10.0.0.2", .six = "fd00::2", .names = NAMES("web", "all")};
	struct resolver_place db = {
	    .network = "n", .network_name = "net", .four = "10.0.0.3", .names = NAMES("db", "all")};
	table_put(&example->table, &(struct resolver_entry){.id = "web", .places = {&web, 1}});
	example->entry = table_put(&example->table, &(struct resolver_entry){.id = "db", .places = {&db, 1}});
}

/* A question as bytes. */
static size_t question(uint8_t *bytes, const char *name, ldns_rr_type type, uint16_t edns)
{
	uint8_t *wire;
	size_t size;
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str(name), type, LDNS_RR_CLASS_IN, LDNS_RD);
	ldns_pkt_set_id(packet, 0x1234);
	if (edns)
		ldns_pkt_set_edns_udp_size(packet, edns);
	CHECK_INT(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
	memcpy(bytes, wire, size);
	LDNS_FREE(wire);
	ldns_pkt_free(packet);
	return size;
}

/* "NOERROR 10.0.0.2": code, flags that stand out and the data of the answers; "ask": to be forwarded. */
static const char *ask(const struct table_entry *entry, bool forwards, const char *name, ldns_rr_type type)
{
	static char text[1024];
	uint8_t bytes[600];
	size_t size = question(bytes, name, type, 0);
	auto_query query = {0};
	auto_buf out = BUF_INIT(PACKET_MAX);
	CHECK_INT(packet_read(bytes, size, &query), 0);
	int rc = answer_make(entry, forwards, &query, query.limit, &out);
	if (rc == 0)
		return "ask";
	CHECK_INT(rc, 1);
	ldns_pkt *reply;
	CHECK_INT(ldns_wire2pkt(&reply, (const uint8_t *)out.data, out.len), LDNS_STATUS_OK);
	CHECK(packet_answers(bytes, size, (const uint8_t *)out.data, out.len));
	CHECK(ldns_pkt_ra(reply) && ldns_pkt_rd(reply) && ldns_pkt_id(reply) == 0x1234);
	snprintf(text, sizeof text, "%s%s", ldns_pkt_get_rcode(reply) == LDNS_RCODE_NOERROR ? "NOERROR" : "NXDOMAIN",
		 ldns_pkt_tc(reply) ? " TC" : "");
	for (size_t i = 0; i < ldns_pkt_ancount(reply); i++) {
		char *data = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(reply), i), 0));
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, " %s", data);
		free(data);
	}
	ldns_pkt_free(reply);
	return text;
}

TEST(names_are_answered_and_others_forwarded)
{
	struct example example;
	example_make(&example);
	const struct table_entry *entry = example.entry;
	CHECK_STR(ask(entry, true, "web", LDNS_RR_TYPE_A), "NOERROR 10.0.0.2");
	CHECK_STR(ask(entry, true, "WEB.", LDNS_RR_TYPE_A), "NOERROR 10.0.0.2");
	CHECK_STR(ask(entry, true, "web.net", LDNS_RR_TYPE_A), "NOERROR 10.0.0.2");
	CHECK_STR(ask(entry, true, "web", LDNS_RR_TYPE_AAAA), "NOERROR fd00::2");
	CHECK_STR(ask(entry, true, "db", LDNS_RR_TYPE_AAAA), "NOERROR");
	CHECK_STR(ask(entry, true, "web", LDNS_RR_TYPE_MX), "NOERROR");
	CHECK_STR(ask(entry, true, "web.example", LDNS_RR_TYPE_A), "ask");
	CHECK_STR(ask(entry, true, "example.org", LDNS_RR_TYPE_A), "ask");
	CHECK_STR(ask(entry, false, "example.org", LDNS_RR_TYPE_A), "NXDOMAIN");
	CHECK_STR(ask(entry, true, ".", LDNS_RR_TYPE_NS), "ask");
	CHECK_STR(ask(entry, true, "localhost", LDNS_RR_TYPE_A), "NOERROR 127.0.0.1");
	CHECK_STR(ask(entry, true, "db.localhost", LDNS_RR_TYPE_AAAA), "NOERROR ::1");
	table_done(&example.table);
}

TEST(several_addresses_come_in_every_order)
{
	struct example example;
	bool first = false, second = false;
	example_make(&example);
	for (int i = 0; i < 200; i++) {
		const char *text = ask(example.entry, true, "all", LDNS_RR_TYPE_A);
		first |= strcmp(text, "NOERROR 10.0.0.2 10.0.0.3") == 0;
		second |= strcmp(text, "NOERROR 10.0.0.3 10.0.0.2") == 0;
	}
	CHECK(first && second);
	table_done(&example.table);
}

TEST(addresses_are_reversed)
{
	struct example example;
	example_make(&example);
	const struct table_entry *entry = example.entry;
	CHECK_STR(ask(entry, true, "2.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR), "NOERROR web.net.");
	CHECK_STR(ask(entry, true, "9.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR), "ask");
	CHECK_STR(ask(entry, false, "9.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR), "NXDOMAIN");
	CHECK_STR(ask(entry, true, "02.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR), "ask");
	CHECK_STR(ask(entry, true, "258.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR), "ask");
	CHECK_STR(ask(entry, true, "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
		      LDNS_RR_TYPE_PTR),
		  "NOERROR web.net.");
	CHECK_STR(ask(entry, true, "x.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
		      LDNS_RR_TYPE_PTR),
		  "ask");
	table_done(&example.table);
}

TEST(what_does_not_fit_is_marked)
{
	enum { COUNT = 100 };
	struct table_address addresses[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		addresses[i] = (struct table_address){4, {10, 0, 0, (uint8_t)i}};
	for (int edns = 0; edns < 2; edns++) {
		uint8_t bytes[600];
		size_t size = question(bytes, "all.of.them", LDNS_RR_TYPE_A, edns ? 1400 : 0);
		auto_query query = {0};
		auto_buf out = BUF_INIT(PACKET_MAX), whole = BUF_INIT(PACKET_MAX);
		CHECK_INT(packet_read(bytes, size, &query), 0);
		CHECK_INT(query.limit, edns ? 1400 : 512);
		const struct packet_answer answer = {.addresses = addresses, .count = COUNT};
		CHECK_INT(packet_answer(&query, &answer, query.limit, &out), 0);
		CHECK(out.len <= query.limit && out.len > query.limit - 16);
		CHECK(out.data[2] & 2);
		CHECK_INT(packet_answer(&query, &answer, PACKET_MAX, &whole), 0);
		CHECK(!(whole.data[2] & 2) && whole.len > COUNT * 16);
	}
}

TEST(what_is_no_question_is_refused)
{
	uint8_t bytes[600];
	size_t size = question(bytes, "web", LDNS_RR_TYPE_A, 0);
	auto_query query = {0};
	auto_buf out = BUF_INIT(64);
	CHECK_INT(packet_read(bytes, 11, &query), -EBADMSG);
	CHECK_INT(packet_read(bytes, size - 1, &query), -EINVAL);
	bytes[2] |= 0x80;
	CHECK_INT(packet_read(bytes, size, &query), -EBADMSG);
	bytes[2] = 0x20;
	CHECK_INT(packet_read(bytes, size, &query), -ENOTSUP);
	bytes[2] = 1;
	bytes[5] = 0;
	CHECK_INT(packet_read(bytes, size, &query), -EINVAL);
	packet_refuse(bytes, size, LDNS_RCODE_FORMERR, &out);
	CHECK_INT(out.len, PACKET_HEAD);
	CHECK_INT((uint8_t)out.data[2], 0x81);
	CHECK_INT((uint8_t)out.data[3], 0x81);
}

TEST(names_that_are_no_text_are_nobodys)
{
	/* A label with a dot in it is not "web.net". */
	uint8_t bytes[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'w', 'e', 'b', '.', 'n', 'e', 't', 0, 0, 1, 0, 1};
	auto_query query = {0};
	CHECK_INT(packet_read(bytes, sizeof bytes, &query), 0);
	CHECK_STR(query.name, "");
}

TEST(replies_repeat_the_question)
{
	uint8_t asked[600], reply[600];
	size_t size = question(asked, "example.org", LDNS_RR_TYPE_A, 0);
	memcpy(reply, asked, size);
	CHECK(!packet_answers(asked, size, reply, size)); /* a question itself */
	reply[2] |= 0x80;
	CHECK(packet_answers(asked, size, reply, size));
	reply[13] ^= 0x20; /* another case is the same name */
	CHECK(packet_answers(asked, size, reply, size));
	reply[13] = 'x';
	CHECK(!packet_answers(asked, size, reply, size));
	reply[13] = 'e';
	reply[1] ^= 1; /* another number */
	CHECK(!packet_answers(asked, size, reply, size));
	reply[1] ^= 1;
	reply[size - 3] = 28; /* another type */
	CHECK(!packet_answers(asked, size, reply, size));
	reply[5] = 0;
	CHECK(!packet_answers(asked, size, reply, PACKET_HEAD)); /* "yes", to nothing */
	reply[3] = LDNS_RCODE_FORMERR;
	CHECK(packet_answers(asked, size, reply, PACKET_HEAD));
}
