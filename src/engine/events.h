/*
 * Events, as those outside of the engine read them: from the journal, at the reader's own pace. Nobody is cut off for
 * being slow: what was missed meanwhile follows, and what the journal does not hold any more is named by an event of
 * its own (Type "daemon", Action "gap", with from, to and count as attributes).
 */
#pragma once

#include "engine/engine.h"

struct engine_events {
	bool has_since, has_cursor;
	int64_t since_ns; /* events of the past from then on */
	uint64_t cursor;  /* ... with higher numbers */
};

struct engine_event_sink {
	/* May pause the stream, and close it. */
	void (*event)(struct engine_event_sink *sink, const struct event_message *event);
	/* All that there was is delivered; more comes when it happens. */
	void (*caught_up)(struct engine_event_sink *sink);
};

struct engine_event_stream;

/* Nothing is delivered before engine_events_resume. -EINVAL: the cursor is ahead of the journal. */
int engine_events_open(struct engine *engine, const struct engine_events *options, struct engine_event_sink *sink,
		       struct engine_event_stream **out_stream, struct err *err) must_check;
void engine_events_pause(struct engine_event_stream *stream);
void engine_events_resume(struct engine_event_stream *stream);
void engine_events_close(struct engine_event_stream *stream); /* no call of the sink afterwards; takes NULL */
