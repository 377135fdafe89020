/*
 * Any bytes as a question, and the same as a reply to one: read in bounds or refused, and what is answered is a packet
 * that passes for an answer.
 */
#include "resolver/answer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void example(struct table *table)
{
	static char *names[] = {(char *)"web", (char *)"a", NULL}, *links[] = {(char *)"web:db", NULL};
	struct resolver_place place = {.network = (char *)"n",
				       .network_name = (char *)"net",
				       .four = (char *)"10.0.0.2",
				       .six = (char *)"fd00::2",
				       .names = names,
				       .links = links};
	table_put(table, &(struct resolver_entry){.id = (char *)"c", .places = {&place, 1}});
}

static void ask(const struct table *table, const uint8_t *data, size_t size)
{
	auto_query query = {0};
	auto_buf out = BUF_INIT(PACKET_MAX);
	int rc = packet_read(data, size, &query);
	if (rc < 0) {
		packet_refuse(data, size, LDNS_RCODE_FORMERR, &out);
		return;
	}
	if (answer_make(map_get(&table->entries, "c"), size & 1, &query, query.limit, &out) != 1)
		return;
	if (out.len > query.limit || !packet_answers(data, size, (const uint8_t *)out.data, out.len))
		BUG("an answer that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t question[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	static struct table table = TABLE_INIT;
	if (!table.entries.count)
		example(&table);
	ask(&table, data, size);
	(void)packet_answers(question, sizeof question, data, size);
	(void)packet_answers(data, size, data, size);
	return 0;
}
