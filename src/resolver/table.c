#include "resolver/table.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct table_network {
	char *id;
	size_t users;	      /* places */
	struct map names;     /* struct holders by name */
	struct map addresses; /* struct table_place by address in hex */
};

/* Who has a name. */
struct holders {
	const struct table_place **items;
	size_t count;
};

enum { ADDRESS_KEY = 33 };

static void address_key(const struct table_address *address, char out_key[ADDRESS_KEY])
{
	hex_encode(address->bytes, address->size, out_key);
}

static struct table_address address_read(const char *text)
{
	struct table_address address = {0};
	if (!text_empty(text) && inet_pton(AF_INET, text, address.bytes) == 1)
		address.size = 4;
	else if (!text_empty(text) && inet_pton(AF_INET6, text, address.bytes) == 1)
		address.size = 16;
	return address;
}

static char *lower(const char *text)
{
	char *copy = x_strdup(text);
	for (char *at = copy; *at; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
	return copy;
}

static char **lower_list(char *const *list)
{
	char **copy = NULL;
	for (; list && *list; list++)
		strv_push(&copy, lower(*list));
	return copy;
}

/* --- the names of a network --- */

static struct table_network *network_get(struct table *table, const char *id)
{
	struct table_network *network = map_get(&table->networks, id);
	if (!network) {
		network = x_alloc(sizeof *network);
		network->id = x_strdup(id);
		map_put(&table->networks, id, network);
	}
	network->users++;
	return network;
}

static void network_release(struct table *table, struct table_network *network)
{
	if (--network->users)
		return;
	map_remove(&table->networks, network->id);
	map_done(&network->names);
	map_done(&network->addresses);
	free(network->id);
	free(network);
}

static void name_add(struct table_network *network, const char *name, const struct table_place *place)
{
	struct holders *holders = map_get(&network->names, name);
	if (!holders) {
		holders = x_alloc(sizeof *holders);
		map_put(&network->names, name, holders);
	}
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i] == place)
			return;
	}
	holders->items = x_realloc(holders->items, (holders->count + 1) * sizeof *holders->items);
	holders->items[holders->count++] = place;
}

static void name_remove(struct table_network *network, const char *name, const struct table_place *place)
{
	struct holders *holders = map_get(&network->names, name);
	size_t kept = 0;
	if (!holders)
		return;
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i] != place)
			holders->items[kept++] = holders->items[i];
	}
	holders->count = kept;
	if (kept)
		return;
	map_remove(&network->names, name);
	free(holders->items);
	free(holders);
}

static void address_add(struct table_network *network, const struct table_address *address, struct table_place *place)
{
	char key[ADDRESS_KEY];
	address_key(address, key);
	if (address->size)
		map_put(&network->addresses, key, place);
}

static void address_remove(struct table_network *network, const struct table_address *address,
			   const struct table_place *place)
{
	char key[ADDRESS_KEY];
	address_key(address, key);
	if (address->size && map_get(&network->addresses, key) == place)
		map_remove(&network->addresses, key);
}

/* --- entries --- */

static void place_fill(struct table *table, const struct resolver_place *from, struct table_place *place)
{
	*place = (struct table_place){
	    .network = network_get(table, from->network),
	    .network_name = lower(from->network_name),
	    .four = address_read(from->four),
	    .six = address_read(from->six),
	    .names = lower_list(from->names),
	    .links = lower_list(from->links),
	};
	for (char **name = place->names; name && *name; name++)
		name_add(place->network, *name, place);
	address_add(place->network, &place->four, place);
	address_add(place->network, &place->six, place);
}

static void place_done(struct table *table, struct table_place *place)
{
	for (char **name = place->names; name && *name; name++)
		name_remove(place->network, *name, place);
	address_remove(place->network, &place->four, place);
	address_remove(place->network, &place->six, place);
	network_release(table, place->network);
	free(place->network_name);
	strv_free(place->names);
	strv_free(place->links);
}

static void entry_free(struct table *table, struct table_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		place_done(table, &entry->places[i]);
	free(entry->places);
	free(entry->id);
	free(entry);
}

const struct table_entry *table_put(struct table *table, const struct resolver_entry *from)
{
	struct table_entry *entry = x_alloc(sizeof *entry);
	entry->id = x_strdup(from->id);
	entry->places = x_alloc((from->places.count + 1) * sizeof *entry->places);
	/* The new one first: a network that both are in stays. */
	for (; entry->count < from->places.count; entry->count++)
		place_fill(table, &from->places.items[entry->count], &entry->places[entry->count]);
	struct table_entry *before = map_put(&table->entries, entry->id, entry);
	if (before)
		entry_free(table, before);
	return entry;
}

void table_drop(struct table *table, const char *id)
{
	struct table_entry *entry = map_remove(&table->entries, id);
	if (entry)
		entry_free(table, entry);
}

void table_done(struct table *table)
{
	size_t position = 0;
	const char *id;
	void *entry;
	while (map_next(&table->entries, &position, &id, &entry))
		entry_free(table, entry);
	map_done(&table->entries);
	map_done(&table->networks);
}

/* --- looking up --- */

/* What an own link "NAME:ALIAS" makes of a name. */
static const char *link_target(const struct table_place *place, const char *name, char out_target[TABLE_NAME_MAX + 1])
{
	for (char **link = place->links; link && *link; link++) {
		const char *colon = strchr(*link, ':');
		const char *alias = colon ? colon + 1 : *link;
		if (!text_equal(alias, name))
			continue;
		snprintf(out_target, TABLE_NAME_MAX + 1, "%.*s", (int)(colon ? colon - *link : TABLE_NAME_MAX), *link);
		return out_target;
	}
	return name;
}

static const struct holders *place_find(const struct table_place *place, const char *name)
{
	char target[TABLE_NAME_MAX + 1];
	return map_get(&place->network->names, link_target(place, name, target));
}

/* "web" of "web.net" where the network is called "net". */
static bool without_network(const struct table_place *place, const char *name, char out_name[TABLE_NAME_MAX + 1])
{
	size_t size = strlen(name), tail = strlen(place->network_name);
	if (size > TABLE_NAME_MAX || size < tail + 2 || name[size - tail - 1] != '.' ||
	    !text_equal(name + size - tail, place->network_name))
		return false;
	memcpy(out_name, name, size - tail - 1);
	out_name[size - tail - 1] = 0;
	return true;
}

static const struct holders *holders_find(const struct table_entry *entry, const char *name)
{
	const struct holders *holders = NULL;
	char bare[TABLE_NAME_MAX + 1];
	for (size_t i = 0; !holders && i < entry->count; i++)
		holders = place_find(&entry->places[i], name);
	for (size_t i = 0; !holders && i < entry->count; i++) {
		if (without_network(&entry->places[i], name, bare))
			holders = place_find(&entry->places[i], bare);
	}
	return holders;
}

bool table_find(const struct table_entry *entry, const char *name, uint8_t size, struct table_address *out_addresses,
		size_t *out_count)
{
	const struct holders *holders = *name ? holders_find(entry, name) : NULL;
	size_t count = 0;
	if (!holders)
		return false;
	for (size_t i = 0; i < holders->count && count < TABLE_ADDRESSES_MAX; i++) {
		const struct table_address *address = size == 4 ? &holders->items[i]->four : &holders->items[i]->six;
		if (address->size)
			out_addresses[count++] = *address;
	}
	*out_count = count;
	return true;
}

bool table_find_name(const struct table_entry *entry, const struct table_address *address,
		     char out_name[TABLE_NAME_MAX + 1])
{
	char key[ADDRESS_KEY];
	address_key(address, key);
	for (size_t i = 0; i < entry->count; i++) {
		const struct table_place *place = map_get(&entry->places[i].network->addresses, key);
		if (!place || !place->names || !place->names[0])
			continue;
		int size = snprintf(out_name, TABLE_NAME_MAX + 1, "%s.%s", place->names[0], place->network_name);
		if (size <= TABLE_NAME_MAX)
			return true;
	}
	return false;
}
