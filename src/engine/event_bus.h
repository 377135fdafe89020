/*
 * What happens: numbered, written to the journal (observe/event_journal.h), then told to those who listen. Inside the
 * engine only; events.h is for the others.
 */
#pragma once

#include "engine/events.h"
#include "observe/event_journal.h"

struct event_bus {
	struct event_journal *journal;
	struct engine_event_stream *streams;
};

/* Attributes are copied and sorted by key. image: of containers and images, for old clients' "from"; or NULL. */
void event_publish(struct event_bus *bus, const char *type, const char *action, const char *id,
		   const struct json_map *attributes, const char *image);
void event_bus_done(struct event_bus *bus); /* whoever listens has gone before */
