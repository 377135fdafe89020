#include "docker/event.h"

JSON_TYPE(event_actor, F_STR(struct event_actor, id, "ID", 0), F_MAP(struct event_actor, attributes, "Attributes", 0));

JSON_TYPE(event_message, F_STR(struct event_message, status, "status", JSON_OMIT),
	  F_STR(struct event_message, id, "id", JSON_OMIT), F_STR(struct event_message, from, "from", JSON_OMIT),
	  F_STR(struct event_message, type, "Type", 0), F_STR(struct event_message, action, "Action", 0),
	  F_OBJECT(struct event_message, actor, "Actor", 0, event_actor),
	  F_STR(struct event_message, scope, "scope", 0), F_I64(struct event_message, time, "time", 0),
	  F_I64(struct event_message, time_nano, "timeNano", 0), F_U64(struct event_message, seq, "seq", JSON_OMIT));
