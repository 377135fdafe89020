#include "resolver/answer.h"

#include "base/random.h"
#include "base/text.h"

#include <string.h>

/* Who takes the first address of several is spread over all of them. */
static void shuffle(struct table_address *addresses, size_t count)
{
	uint32_t number;
	random_bytes(&number, sizeof number);
	for (size_t i = count; i > 1; i--) {
		size_t other = number % i;
		struct table_address kept = addresses[i - 1];
		addresses[i - 1] = addresses[other];
		addresses[other] = kept;
		number = number * 1664525U + 1013904223U;
	}
}

/* A container must not become "localhost" by its name (RFC 6761). */
static bool is_localhost(const char *name)
{
	return text_equal(name, "localhost") || text_ends(name, ".localhost");
}

static bool addresses_find(const struct table_entry *entry, const struct packet_query *query, uint8_t size,
			   struct table_address *addresses, size_t *count)
{
	static const struct table_address four = {.size = 4, .bytes = {127, 0, 0, 1}},
					  six = {.size = 16, .bytes = {[15] = 1}};
	if (!is_localhost(query->name))
		return table_find(entry, query->name, size, addresses, count);
	addresses[0] = size == 4 ? four : six;
	*count = 1;
	return true;
}

static bool look(const struct table_entry *entry, const struct packet_query *query, struct packet_answer *answer,
		 struct table_address *addresses, char name[TABLE_NAME_MAX + 1])
{
	bool six = query->type == LDNS_RR_TYPE_AAAA;
	if (!query->internet)
		return false;
	if (query->reversed.size && query->type == LDNS_RR_TYPE_PTR) {
		answer->name = table_find_name(entry, &query->reversed, name) ? name : NULL;
		return answer->name != NULL;
	}
	if (!addresses_find(entry, query, six ? 16 : 4, addresses, &answer->count))
		return false;
	/* Other types of a name that is ours: there are none, here or elsewhere. */
	if (!six && query->type != LDNS_RR_TYPE_A && query->type != LDNS_RR_TYPE_ANY)
		answer->count = 0;
	shuffle(addresses, answer->count);
	answer->addresses = addresses;
	return true;
}

int answer_make(const struct table_entry *entry, bool forwards, const struct packet_query *query, size_t limit,
		struct buf *out)
{
	static struct table_address addresses[TABLE_ADDRESSES_MAX]; /* one thread */
	char name[TABLE_NAME_MAX + 1];
	struct packet_answer answer = {.code = LDNS_RCODE_NOERROR};
	if (!look(entry, query, &answer, addresses, name)) {
		if (forwards)
			return 0;
		answer = (struct packet_answer){.code = LDNS_RCODE_NXDOMAIN};
	}
	int rc = packet_answer(query, &answer, limit, out);
	return rc < 0 ? rc : 1;
}
