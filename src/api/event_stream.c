/*
 * GET /events: one JSON object per event, until the client goes or `until` has come.
 *
 * A reader that is slower than the events are is cut off rather than fed from memory without end.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/filters.h"
#include "engine/engine.h"

#include <string.h>

enum { EVENT_TEXT_MAX = 256 << 10 };

struct event_stream {
	struct engine_subscriber subscriber;
	struct exchange *x;
	struct filters filters;
	struct loop_timer until;
	int64_t until_ns; /* 0: no end */
	bool sequence;	  /* application/json-seq: a record separator in front of each */
	bool slow;
};

static void stream_free(struct event_stream *stream)
{
	engine_unsubscribe(&stream->subscriber);
	loop_timer_stop(&stream->until);
	free(stream);
}

static void stream_gone(struct exchange *x)
{
	stream_free(x->state);
}

static void stream_until(struct loop_timer *timer)
{
	struct event_stream *stream = container_of(timer, struct event_stream, until);
	struct exchange *x = stream->x;
	stream_free(stream);
	exchange_end(x);
}

/* The keys of the events' filters and what they are compared with. */
static bool event_fits(const struct filters *filters, const struct event_message *event)
{
	const char *name = json_map_get(&event->actor.attributes, "name");
	const char *image = json_map_get(&event->actor.attributes, "image");
	bool container = text_equal(event->type, "container"), is_image = text_equal(event->type, "image");
	const char *kinds[] = {"container", "image", "network", "daemon", "volume"};
	if (!filters_fit(filters, "type", event->type) || !filters_fit(filters, "scope", "local"))
		return false;
	if (filters_values(filters, "event")) {
		/* "exec_create" fits "exec_create: CMD". */
		const char *colon = strchr(event->action, ':');
		auto_free char *action = colon ? x_strndup(event->action, (size_t)(colon - event->action)) : NULL;
		if (!filters_fit(filters, "event", event->action) && !(action && filters_fit(filters, "event", action)))
			return false;
	}
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (!filters_values(filters, kinds[i]))
			continue;
		bool own = text_equal(kinds[i], event->type);
		bool by_image = !own && container && text_equal(kinds[i], "image") && image &&
				filters_fit(filters, kinds[i], image);
		if (!by_image && !(own && (filters_fit_prefix(filters, kinds[i], event->actor.id) ||
					   (name && filters_fit(filters, kinds[i], name)))))
			return false;
	}
	return !filters_values(filters, "label") ||
	       ((container || is_image) && filters_fit_labels(filters, "label", &event->actor.attributes));
}

static void stream_event(struct engine_subscriber *subscriber, const struct event_message *event)
{
	struct event_stream *stream = container_of(subscriber, struct event_stream, subscriber);
	struct exchange *x = stream->x;
	if (stream->slow || (stream->until_ns && event->time_nano > stream->until_ns) ||
	    !event_fits(&stream->filters, event))
		return;
	auto_buf text = BUF_INIT(EVENT_TEXT_MAX);
	struct event_message shown = *event;
	if (x->minor >= 52)
		shown.status = shown.id = shown.from = NULL;
	if (stream->sequence)
		buf_char(&text, 0x1e);
	json_encode(&text, &table_event_message, &shown);
	buf_char(&text, '\n');
	if (text.overflow || exchange_room(x) == 0) {
		stream->slow = true; /* the exchange may not end inside the engine's call: by the timer, at once */
		loop_timer_start(x->loop, &stream->until, 0, stream_until);
		return;
	}
	exchange_write(x, text.data, text.len);
}

void handle_system_events(struct exchange *x)
{
	static const char *const accepted[] = {"container", "daemon", "event", "image",	 "label",
					       "network",   "scope",  "type",  "volume", NULL};
	struct event_stream *stream = x_alloc(sizeof *stream);
	const char *accept = http_head_field(x->head, "Accept");
	int64_t since, now = time_wall_ns();
	struct err err;
	if (query_time(&x->query, "since", 0, &since, &err) < 0 ||
	    query_time(&x->query, "until", 0, &stream->until_ns, &err) < 0 ||
	    filters_parse(&x->arena, query_get(&x->query, "filters"), accepted, &stream->filters, &err) < 0) {
		free(stream);
		exchange_fail(x, &err);
		return;
	}
	stream->x = x;
	stream->sequence = accept && strstr(accept, "application/json-seq");
	stream->subscriber.event = stream_event;
	x->state = stream;
	x->gone = stream_gone;
	exchange_stream(x, 200,
			stream->sequence				   ? "application/json-seq"
			: accept && strstr(accept, "application/x-ndjson") ? "application/x-ndjson"
			: accept && strstr(accept, "application/jsonl")	   ? "application/jsonl"
									   : "application/json");
	if (stream->until_ns)
		loop_timer_start(x->loop, &stream->until, stream->until_ns > now ? stream->until_ns - now : 0,
				 stream_until);
	engine_subscribe(x->engine, &stream->subscriber, since);
}
