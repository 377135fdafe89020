#include "resolver/table.h"
#include "unit/test.h"

#include <arpa/inet.h>

#define NAMES(...) ((char *[]){__VA_ARGS__, NULL})

static void put(struct table *table, char *id, struct resolver_place *places, size_t count)
{
	table_put(table, &(struct resolver_entry){.id = id, .places = {places, count}});
}

static const struct table_entry *entry_of(const struct table *table, const char *id)
{
	return map_get(&table->entries, id);
}

/* "10.0.0.2 10.0.0.3", in the order of the table; "-": unknown; "": known, without an address of the family. */
static const char *find(const struct table *table, const char *id, const char *name, uint8_t size)
{
	static char text[512];
	struct table_address addresses[TABLE_ADDRESSES_MAX];
	size_t count = 0;
	if (!table_find(entry_of(table, id), name, size, addresses, &count))
		return "-";
	text[0] = 0;
	for (size_t i = 0; i < count; i++) {
		char one[64];
		inet_ntop(size == 4 ? AF_INET : AF_INET6, addresses[i].bytes, one, sizeof one);
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", one);
	}
	return text;
}

static const char *reverse(const struct table *table, const char *id, const char *address)
{
	static char name[TABLE_NAME_MAX + 1];
	struct table_address wanted = {.size = strchr(address, ':') ? 16 : 4};
	inet_pton(wanted.size == 4 ? AF_INET : AF_INET6, address, wanted.bytes);
	return table_find_name(entry_of(table, id), &wanted, name) ? name : "-";
}

static void example(struct table *table)
{
	put(table, "w1",
	    (struct resolver_place[]){{.network = "n1",
				       .network_name = "Red",
				       .four = "10.0.0.2",
				       .six = "fd00::2",
				       .names = NAMES("web1", "Web", "0123456789ab")}},
	    1);
	put(table, "w2",
	    (struct resolver_place[]){
		{.network = "n1", .network_name = "Red", .four = "10.0.0.3", .names = NAMES("web2", "web")},
		{.network = "n2", .network_name = "blue", .four = "10.1.0.3", .names = NAMES("web2", "only-blue")}},
	    2);
	put(table, "c",
	    (struct resolver_place[]){{.network = "n1",
				       .network_name = "Red",
				       .four = "10.0.0.4",
				       .names = NAMES("client"),
				       .links = NAMES("web2:db", "web1")}},
	    1);
	put(table, "alone", NULL, 0);
}

TEST(names_lead_to_addresses_of_networks_that_both_are_in)
{
	struct table table = TABLE_INIT;
	example(&table);
	CHECK_STR(find(&table, "c", "web1", 4), "10.0.0.2");
	CHECK_STR(find(&table, "c", "web1", 16), "fd00::2");
	CHECK_STR(find(&table, "c", "web2", 16), "");
	CHECK_STR(find(&table, "c", "web", 4), "10.0.0.2 10.0.0.3");
	CHECK_STR(find(&table, "c", "0123456789ab", 4), "10.0.0.2");
	CHECK_STR(find(&table, "c", "only-blue", 4), "-");
	CHECK_STR(find(&table, "w2", "only-blue", 4), "10.1.0.3");
	CHECK_STR(find(&table, "c", "client", 4), "10.0.0.4");
	CHECK_STR(find(&table, "alone", "web1", 4), "-");
	CHECK_STR(find(&table, "c", "", 4), "-");
	table_done(&table);
}

TEST(a_name_may_carry_its_network)
{
	struct table table = TABLE_INIT;
	example(&table);
	CHECK_STR(find(&table, "c", "web1.red", 4), "10.0.0.2");
	CHECK_STR(find(&table, "c", "db.red", 4), "10.0.0.3");
	CHECK_STR(find(&table, "c", "web2.blue", 4), "-");
	CHECK_STR(find(&table, "w2", "web2.blue", 4), "10.1.0.3");
	CHECK_STR(find(&table, "c", ".red", 4), "-");
	CHECK_STR(find(&table, "c", "red", 4), "-");
	table_done(&table);
}

TEST(links_are_seen_by_their_owner_only)
{
	struct table table = TABLE_INIT;
	example(&table);
	CHECK_STR(find(&table, "c", "db", 4), "10.0.0.3");
	CHECK_STR(find(&table, "w1", "db", 4), "-");
	table_done(&table);
}

TEST(addresses_lead_to_names)
{
	struct table table = TABLE_INIT;
	example(&table);
	CHECK_STR(reverse(&table, "c", "10.0.0.2"), "web1.red");
	CHECK_STR(reverse(&table, "c", "fd00::2"), "web1.red");
	CHECK_STR(reverse(&table, "c", "10.1.0.3"), "-");
	CHECK_STR(reverse(&table, "w2", "10.1.0.3"), "web2.blue");
	CHECK_STR(reverse(&table, "alone", "10.0.0.2"), "-");
	table_done(&table);
}

TEST(what_is_dropped_or_changed_is_gone)
{
	struct table table = TABLE_INIT;
	example(&table);
	table_drop(&table, "w1");
	table_drop(&table, "never");
	CHECK_STR(find(&table, "c", "web1", 4), "-");
	CHECK_STR(find(&table, "c", "web", 4), "10.0.0.3");
	CHECK_STR(reverse(&table, "c", "10.0.0.2"), "-");
	put(&table, "w2",
	    (struct resolver_place[]){
		{.network = "n1", .network_name = "red", .four = "10.0.0.9", .names = NAMES("new")}},
	    1);
	CHECK_STR(find(&table, "c", "web2", 4), "-");
	CHECK_STR(find(&table, "c", "new", 4), "10.0.0.9");
	CHECK_STR(find(&table, "w2", "only-blue", 4), "-");
	/* An address that another one has by now stays the other one's. */
	put(&table, "x",
	    (struct resolver_place[]){
		{.network = "n1", .network_name = "red", .four = "10.0.0.9", .names = NAMES("heir")}},
	    1);
	table_drop(&table, "w2");
	CHECK_STR(reverse(&table, "c", "10.0.0.9"), "heir.red");
	table_done(&table);
}
