/*
 * GET /events: one JSON object per event, until the client goes or `until` has come.
 *
 * The stream is Docker's own. With `cursor=N` (events above that number; 0: all that are kept) each event carries its
 * number as "seq", and a client that was away goes on where it was. One that is slow gets everything later, or a gap.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/filters.h"
#include "engine/events.h"

#include <string.h>

enum { EVENT_TEXT_MAX = 256 << 10 };

struct event_stream {
	struct engine_event_sink sink;
	struct engine_event_stream *events;
	struct exchange *x;
	struct filters filters;
	struct loop_timer until;
	int64_t until_ns; /* 0: no end */
	bool sequence;	  /* application/json-seq: a record separator in front of each */
	bool numbered;	  /* the client asked by cursor */
};

static void stream_free(struct event_stream *stream)
{
	engine_events_close(stream->events);
	loop_timer_stop(&stream->until);
	free(stream);
}

static void stream_gone(struct exchange *x)
{
	stream_free(x->state);
}

static void stream_end(struct event_stream *stream)
{
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

static void stream_event(struct engine_event_sink *sink, const struct event_message *event)
{
	struct event_stream *stream = container_of(sink, struct event_stream, sink);
	struct exchange *x = stream->x;
	bool gap = text_equal(event->type, "daemon") && text_equal(event->action, "gap");
	if (!gap && ((stream->until_ns && event->time_nano > stream->until_ns) || !event_fits(&stream->filters, event)))
		return;
	auto_buf text = BUF_INIT(EVENT_TEXT_MAX);
	struct event_message shown = *event;
	if (x->minor >= 52)
		shown.status = shown.id = shown.from = NULL;
	if (!stream->numbered)
		shown.seq = 0;
	if (stream->sequence)
		buf_char(&text, 0x1e);
	json_encode(&text, &table_event_message, &shown);
	buf_char(&text, '\n');
	exchange_write(x, text.data, text.len);
	if (exchange_room(x) == 0)
		engine_events_pause(stream->events);
}

static void stream_caught_up(struct engine_event_sink *sink)
{
	struct event_stream *stream = container_of(sink, struct event_stream, sink);
	if (stream->until_ns && time_wall_ns() > stream->until_ns)
		stream_end(stream);
}

static void stream_drained(struct exchange *x)
{
	struct event_stream *stream = x->state;
	engine_events_resume(stream->events);
}

/* The end has come: what happened before it is still delivered. */
static void stream_until(struct loop_timer *timer)
{
	engine_events_resume(container_of(timer, struct event_stream, until)->events);
}

static int options_read(struct exchange *x, struct event_stream *stream, struct engine_events *options, struct err *err)
{
	static const char *const accepted[] = {"config", "container", "daemon", "event",  "image",
					       "label",	 "network",   "node",	"plugin", "scope",
					       "secret", "service",   "type",	"volume", NULL};
	int64_t cursor;
	int rc = query_time(&x->query, "since", 0, &options->since_ns, err);
	if (rc == 0)
		rc = query_time(&x->query, "until", 0, &stream->until_ns, err);
	if (rc == 0)
		rc = query_number(&x->query, "cursor", 0, INT64_MAX, -1, &cursor, err);
	if (rc == 0)
		rc = filters_parse(&x->arena, query_get(&x->query, "filters"), accepted, &stream->filters, err);
	if (rc < 0)
		return rc;
	options->has_since = !text_empty(query_get(&x->query, "since"));
	options->has_cursor = stream->numbered = cursor >= 0;
	options->cursor = (uint64_t)cursor;
	/* Docker: the past is told when its beginning or its end is asked for. */
	if (stream->until_ns && stream->until_ns <= time_wall_ns() && !options->has_since)
		options->has_since = true;
	return engine_events_open(x->engine, options, &stream->sink, &stream->events, err);
}

void handle_system_events(struct exchange *x)
{
	struct event_stream *stream = x_alloc(sizeof *stream);
	const char *accept = http_head_field(x->head, "Accept");
	struct engine_events options = {0};
	int64_t now = time_wall_ns();
	struct err err;
	stream->x = x;
	stream->sink = (struct engine_event_sink){stream_event, stream_caught_up};
	stream->sequence = accept && strstr(accept, "application/json-seq");
	if (options_read(x, stream, &options, &err) < 0) {
		free(stream);
		exchange_fail(x, &err);
		return;
	}
	x->state = stream;
	x->gone = stream_gone;
	x->drained = stream_drained;
	exchange_stream(x, 200,
			stream->sequence				   ? "application/json-seq"
			: accept && strstr(accept, "application/x-ndjson") ? "application/x-ndjson"
			: accept && strstr(accept, "application/jsonl")	   ? "application/jsonl"
									   : "application/json");
	if (stream->until_ns > now)
		loop_timer_start(x->loop, &stream->until, stream->until_ns - now + 1000000, stream_until);
	engine_events_resume(stream->events);
}
