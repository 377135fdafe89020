/*
 * Which names lead where, as each container sees it: the names of the networks it is in, and its own links. Pure.
 *
 * Names are compared without regard to case. The first of a container's places that knows a name answers for it; "web"
 * is also "web.NETWORK" there. Entries are copied.
 */
#pragma once

#include "base/map.h"
#include "resolver/protocol.h"

#include <netinet/in.h>

enum { TABLE_NAME_MAX = 255, TABLE_ADDRESSES_MAX = 1024 };

struct table_address {
	uint8_t size; /* 4 or 16; 0: none */
	uint8_t bytes[16];
};

struct table_place {
	struct table_network *network;
	char *network_name; /* in lower case, as all of them */
	struct table_address four, six;
	char **names, **links;
};

struct table_entry {
	char *id;
	struct table_place *places;
	size_t count;
};

struct table {
	struct map entries, networks;
};
#define TABLE_INIT \
	{          \
		0  \
	}

void table_done(struct table *table);

/* Replaces what was there. The entry is the table's, until the next put or drop of that ID. */
const struct table_entry *table_put(struct table *table, const struct resolver_entry *entry);
void table_drop(struct table *table, const char *id);

/*
 * The addresses of this size (4 or 16) behind a name in lower case without a dot at its end; false: it is no name here.
 * The count may be 0.
 */
bool table_find(const struct table_entry *entry, const char *name, uint8_t size, struct table_address *out_addresses,
		size_t *out_count);
/* "web.net"; false: nobody here has that address. */
bool table_find_name(const struct table_entry *entry, const struct table_address *address,
		     char out_name[TABLE_NAME_MAX + 1]);
