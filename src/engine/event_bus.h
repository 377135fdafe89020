/*
 * What happens, told to those who listen, and the last of it kept for those who come later (Docker keeps 256).
 */
#pragma once

#include "engine/engine.h"

enum { EVENTS_KEPT = 256 };

struct event_bus {
	struct kept_event {
		struct arena arena;
		struct event_message message;
	} kept[EVENTS_KEPT];
	size_t count; /* ever */
	struct engine_subscriber *first;
};

/* Attributes are copied and sorted by key. image: of containers and images, for old clients' "from"; or NULL. */
void event_publish(struct event_bus *bus, const char *type, const char *action, const char *id,
		   const struct json_map *attributes, const char *image);
void event_bus_done(struct event_bus *bus);
