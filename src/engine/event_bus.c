#include "engine/event_bus.h"

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS_PER_TURN = 256 };

struct engine_event_stream {
	struct engine *engine;
	struct engine_event_stream *next;
	struct engine_event_sink *sink;
	struct event_reader reader;
	int64_t since_ns; /* 0: no matter */
	bool quiet;	  /* what is not there any more was not asked for */
	bool paused;
	bool *closed; /* while the sink is being called: set when it closes the stream */
	struct loop_task task;
};

static void pump(struct loop_task *task);

static void pump_soon(struct engine_event_stream *stream)
{
	if (!stream->paused)
		loop_task_add(stream->engine->loop, &stream->task, pump);
}

/* --- publishing --- */

static int pair_order(const void *a, const void *b)
{
	return strcmp(((const struct json_pair *)a)->key, ((const struct json_pair *)b)->key);
}

void event_publish(struct event_bus *bus, const char *type, const char *action, const char *id,
		   const struct json_map *attributes, const char *image)
{
	auto_arena arena = {0};
	int64_t now = time_wall_ns();
	struct json_pair *pairs = arena_array(&arena, struct json_pair, attributes->count + 1);
	bool legacy = text_equal(type, "container") || text_equal(type, "image");
	struct err err;
	if (attributes->count > 0)
		memcpy(pairs, attributes->items, attributes->count * sizeof *pairs);
	qsort(pairs, attributes->count, sizeof *pairs, pair_order);
	struct event_message message = {
	    .type = (char *)type,
	    .action = (char *)action,
	    .actor = {.id = (char *)id, .attributes = {pairs, attributes->count}},
	    .scope = (char *)"local",
	    .time = now / 1000000000,
	    .time_nano = now,
	};
	if (legacy) {
		message.status = message.action;
		message.id = message.actor.id;
		message.from = (char *)image;
	}
	if (event_journal_append(bus->journal, &message, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err, "cannot keep an event", NULL);
	for (struct engine_event_stream *at = bus->streams; at; at = at->next)
		pump_soon(at);
}

void event_bus_done(struct event_bus *bus)
{
	event_journal_close(bus->journal);
}

/* --- reading --- */

/* False when the sink has closed the stream. */
static bool deliver(struct engine_event_stream *stream, const struct event_message *event)
{
	bool closed = false;
	/* cppcheck-suppress autoVariables; taken back below unless the stream is gone */
	stream->closed = &closed;
	if (event)
		stream->sink->event(stream->sink, event);
	else
		stream->sink->caught_up(stream->sink);
	if (!closed)
		stream->closed = NULL;
	return !closed;
}

static bool gap_deliver(struct engine_event_stream *stream, struct arena *arena, uint64_t from, uint64_t to)
{
	int64_t now = time_wall_ns();
	struct json_pair pairs[] = {
	    {(char *)"count", arena_printf(arena, "%llu", (unsigned long long)(to - from + 1))},
	    {(char *)"from", arena_printf(arena, "%llu", (unsigned long long)from)},
	    {(char *)"to", arena_printf(arena, "%llu", (unsigned long long)to)},
	};
	const struct event_message message = {
	    .type = (char *)"daemon",
	    .action = (char *)"gap",
	    .actor = {.id = stream->engine->id, .attributes = {pairs, array_size(pairs)}},
	    .scope = (char *)"local",
	    .time = now / 1000000000,
	    .time_nano = now,
	    .seq = to,
	};
	return deliver(stream, &message);
}

static void pump(struct loop_task *task)
{
	struct engine_event_stream *stream = container_of(task, struct engine_event_stream, task);
	for (int i = 0; i < EVENTS_PER_TURN && !stream->paused; i++) {
		auto_arena arena = {0};
		struct event_message event;
		uint64_t from, to;
		enum event_read read =
		    event_journal_read(stream->engine->bus.journal, &stream->reader, &arena, &event, &from, &to);
		if (read == EVENT_READ_END) {
			stream->quiet = false;
			(void)deliver(stream, NULL);
			return;
		}
		if (read == EVENT_READ_GAP) {
			if (!stream->quiet && !gap_deliver(stream, &arena, from, to))
				return;
			continue;
		}
		if (event.time_nano >= stream->since_ns && !deliver(stream, &event))
			return;
	}
	pump_soon(stream);
}

int engine_events_open(struct engine *engine, const struct engine_events *options, struct engine_event_sink *sink,
		       struct engine_event_stream **out_stream, struct err *err)
{
	uint64_t last = event_journal_last(engine->bus.journal);
	if (options->has_cursor && options->cursor > last)
		return err_set(err, EINVAL, "cursor %llu is ahead of the newest event, %llu",
			       (unsigned long long)options->cursor, (unsigned long long)last);
	struct engine_event_stream *stream = x_alloc(sizeof *stream);
	*stream = (struct engine_event_stream){
	    .engine = engine,
	    .next = engine->bus.streams,
	    .sink = sink,
	    .since_ns = options->has_since && !options->has_cursor ? options->since_ns : 0,
	    .quiet = options->has_since && !options->has_cursor,
	    .paused = true,
	};
	event_reader_init(&stream->reader, options->has_cursor ? options->cursor : options->has_since ? 0 : last);
	engine->bus.streams = stream;
	*out_stream = stream;
	return 0;
}

void engine_events_pause(struct engine_event_stream *stream)
{
	stream->paused = true;
}

void engine_events_resume(struct engine_event_stream *stream)
{
	stream->paused = false;
	pump_soon(stream);
}

void engine_events_close(struct engine_event_stream *stream)
{
	if (!stream)
		return;
	struct engine_event_stream **link = &stream->engine->bus.streams;
	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	if (stream->closed)
		*stream->closed = true;
	loop_task_remove(&stream->task);
	free(stream);
}
