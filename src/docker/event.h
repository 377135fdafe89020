/*
 * One event, as GET /events streams them.
 */
#pragma once

#include "base/json.h"

struct event_actor {
	char *id;
	struct json_map attributes; /* sorted by key */
};
JSON_DECLARE(event_actor);

struct event_message {
	char *status; /* of containers and images: the action, the id and the image again (API before 1.52) */
	char *id;
	char *from;
	char *type; /* "container", "image", "network", "daemon" */
	char *action;
	struct event_actor actor;
	char *scope;  /* "local" */
	int64_t time; /* seconds since 1970 */
	int64_t time_nano;
	uint64_t seq; /* tug's own: its number in the journal; 0: not shown */
};
JSON_DECLARE(event_message);
