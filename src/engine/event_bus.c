#include "engine/event_bus.h"

#include "base/text.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

static int pair_order(const void *a, const void *b)
{
	return strcmp(((const struct json_pair *)a)->key, ((const struct json_pair *)b)->key);
}

void event_publish(struct event_bus *bus, const char *type, const char *action, const char *id,
		   const struct json_map *attributes, const char *image)
{
	struct kept_event *kept = &bus->kept[bus->count++ % EVENTS_KEPT];
	int64_t now = time_wall_ns();
	arena_done(&kept->arena);
	struct json_pair *pairs = arena_array(&kept->arena, struct json_pair, attributes->count + 1);
	for (size_t i = 0; i < attributes->count; i++) {
		pairs[i].key = arena_strdup(&kept->arena, attributes->items[i].key);
		pairs[i].value = arena_strdup(&kept->arena, attributes->items[i].value);
	}
	qsort(pairs, attributes->count, sizeof *pairs, pair_order);
	bool legacy = text_equal(type, "container") || text_equal(type, "image");
	kept->message = (struct event_message){
	    .type = arena_strdup(&kept->arena, type),
	    .action = arena_strdup(&kept->arena, action),
	    .actor = {.id = arena_strdup(&kept->arena, id), .attributes = {pairs, attributes->count}},
	    .scope = arena_strdup(&kept->arena, "local"),
	    .time = now / 1000000000,
	    .time_nano = now,
	};
	if (legacy) {
		kept->message.status = kept->message.action;
		kept->message.id = kept->message.actor.id;
		kept->message.from = image ? arena_strdup(&kept->arena, image) : NULL;
	}
	for (struct engine_subscriber *at = bus->first, *next; at; at = next) {
		next = at->next; /* it may leave */
		at->event(at, &kept->message);
	}
}

void event_bus_done(struct event_bus *bus)
{
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		arena_done(&bus->kept[i].arena);
}

void engine_unsubscribe(struct engine_subscriber *subscriber)
{
	if (!subscriber->link)
		return;
	*subscriber->link = subscriber->next;
	if (subscriber->next)
		subscriber->next->link = subscriber->link;
	subscriber->link = NULL;
}
