/*
 * attach and logs. An attached connection leaves the API for good: the engine gives it to the container's monitor.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "api/stream_type.h"
#include "base/text.h"
#include "engine/engine.h"

void handle_container_attach(struct exchange *x)
{
	const struct engine_attach attach = {
	    .stream = query_bool(&x->query, "stream", false),
	    .logs = query_bool(&x->query, "logs", false),
	    .in = query_bool(&x->query, "stdin", false),
	    .out = query_bool(&x->query, "stdout", false),
	    .err = query_bool(&x->query, "stderr", false),
	    .detach_keys = query_get(&x->query, "detachKeys"),
	};
	struct err err;
	bool raw;
	if (engine_attach_check(x->engine, x->name, &attach, &raw, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	/* The names live in the exchange, which is over after the hijack, but not before this handler returns. */
	auto_buf preface = BUF_INIT(HTTP_HEAD_MAX + 2 * EXCHANGE_ROOM);
	int fd;
	if (exchange_hijack(x, stream_type(x, raw), &fd, &preface, &err) < 0)
		exchange_abort(x);
	else
		engine_attach(x->engine, x->name, &attach, fd, buf_str(&preface), preface.len);
}

/* --- logs --- */

struct log_answer {
	struct engine_log_sink sink;
	struct engine_log_stream *stream;
	struct exchange *x;
};

static void logs_gone(struct exchange *x)
{
	struct log_answer *answer = x->state;
	engine_logs_close(answer->stream);
}

static void logs_drained(struct exchange *x)
{
	struct log_answer *answer = x->state;
	engine_logs_resume(answer->stream);
}

static void logs_data(struct engine_log_sink *sink, const void *data, size_t size)
{
	struct log_answer *answer = container_of(sink, struct log_answer, sink);
	exchange_write(answer->x, data, size);
	if (exchange_room(answer->x) == 0)
		engine_logs_pause(answer->stream);
}

static void logs_ended(struct engine_log_sink *sink, const struct err *err)
{
	struct log_answer *answer = container_of(sink, struct log_answer, sink);
	struct exchange *x = answer->x;
	engine_logs_close(answer->stream);
	if (err)
		exchange_abort(x); /* the client sees that it is not all */
	else
		exchange_end(x);
}

void handle_container_logs(struct exchange *x)
{
	struct engine_logs options = {
	    .out = query_bool(&x->query, "stdout", false),
	    .err = query_bool(&x->query, "stderr", false),
	    .follow = query_bool(&x->query, "follow", false),
	    .timestamps = query_bool(&x->query, "timestamps", false),
	    .details = query_bool(&x->query, "details", false),
	    .tail = -1,
	};
	struct err err;
	if (!options.out && !options.err) {
		exchange_refuse(x, 400, "Bad parameters: you must choose at least one stream");
		return;
	}
	/* Docker: what is not a number from 0 up means all lines. */
	const char *tail = query_get(&x->query, "tail");
	if (!text_empty(tail) && number_parse(tail, 0, INT64_MAX, "tail", &options.tail, &err) < 0)
		options.tail = -1;
	if (query_time(&x->query, "since", 0, &options.since_ns, &err) < 0 ||
	    query_time(&x->query, "until", 0, &options.until_ns, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	struct log_answer *answer = arena_new(&x->arena, struct log_answer);
	*answer = (struct log_answer){.sink = {.data = logs_data, .ended = logs_ended}, .x = x};
	bool raw;
	if (engine_logs_open(x->engine, x->name, &options, &answer->sink, &answer->stream, &raw, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	x->state = answer;
	x->gone = logs_gone;
	x->drained = logs_drained;
	exchange_stream(x, 200, stream_type(x, raw));
	engine_logs_resume(answer->stream);
}
