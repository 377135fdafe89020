/*
 * attach and logs. An attached connection leaves the API for good: the engine gives it to the container's monitor.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "api/stream_type.h"
#include "base/text.h"
#include "engine/engine.h"

/* --- logs --- */

#define HEAD_ALONE_NS 10000000LL

struct log_answer {
	struct engine_log_sink sink;
	struct engine_log_stream *stream;
	struct exchange *x;
	bool raw;
	struct loop_timer pause; /* of attach: between the answer's head and the logs */
};

static void logs_gone(struct exchange *x)
{
	struct log_answer *answer = x->state;
	loop_timer_stop(&answer->pause);
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

static struct log_answer *log_answer_new(struct exchange *x,
					 void (*ended)(struct engine_log_sink *sink, const struct err *err))
{
	struct log_answer *answer = arena_new(&x->arena, struct log_answer);
	*answer = (struct log_answer){.sink = {.data = logs_data, .ended = ended}, .x = x};
	return answer;
}

static int log_answer_open(struct log_answer *answer, const struct engine_logs *options, struct err *err)
{
	struct exchange *x = answer->x;
	return engine_logs_open(x->engine, x->name, options, &answer->sink, &answer->stream, &answer->raw, err);
}

static void log_answer_begin(struct log_answer *answer)
{
	struct exchange *x = answer->x;
	x->state = answer;
	x->gone = logs_gone;
	x->drained = logs_drained;
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
	struct log_answer *answer = log_answer_new(x, logs_ended);
	if (log_answer_open(answer, &options, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	log_answer_begin(answer);
	exchange_stream(x, 200, stream_type(x, answer->raw));
	engine_logs_resume(answer->stream);
}

/* --- attach --- */

static void attach_fill(struct exchange *x, struct engine_attach *out_attach)
{
	*out_attach = (struct engine_attach){
	    .in = query_bool(&x->query, "stdin", false),
	    .out = query_bool(&x->query, "stdout", false),
	    .err = query_bool(&x->query, "stderr", false),
	    .detach_keys = query_get(&x->query, "detachKeys"),
	};
}

/* The names live in the exchange, which is over after the hijack, but not before this handler returns. */
static void attach_give(struct exchange *x, bool raw)
{
	auto_buf preface = BUF_INIT(HTTP_HEAD_MAX + 2 * EXCHANGE_ROOM);
	struct engine_attach attach;
	struct err err;
	int fd;
	attach_fill(x, &attach);
	if (exchange_hijack(x, stream_type(x, raw), &fd, &preface, &err) < 0)
		exchange_abort(x);
	else
		engine_attach(x->engine, x->name, &attach, fd, buf_str(&preface), preface.len);
}

static void attach_emptied(struct exchange *x)
{
	struct log_answer *answer = x->state;
	attach_give(x, answer->raw);
}

/* What was written until now is sent; then what is written from now on, if that is wanted. */
static void attach_logs_ended(struct engine_log_sink *sink, const struct err *err)
{
	struct log_answer *answer = container_of(sink, struct log_answer, sink);
	struct exchange *x = answer->x;
	engine_logs_close(answer->stream);
	answer->stream = NULL;
	x->drained = NULL;
	if (err) {
		exchange_abort(x);
	} else if (query_bool(&x->query, "stream", false)) {
		x->emptied = attach_emptied;
		connection_schedule(connection_of(x));
	} else {
		exchange_end(x);
	}
}

static void attach_logs_pump(struct loop_timer *timer)
{
	engine_logs_resume(container_of(timer, struct log_answer, pause)->stream);
}

/*
 * docker-py reads the head through a buffer and what follows without it: what comes along with the head is lost to it.
 * Docker takes its time in between, too.
 */
static void attach_head_sent(struct exchange *x)
{
	struct log_answer *answer = x->state;
	loop_timer_start(x->loop, &answer->pause, HEAD_ALONE_NS, attach_logs_pump);
}

static void attach_logs(struct exchange *x, const struct engine_attach *attach)
{
	const struct engine_logs options = {.out = attach->out, .err = attach->err, .tail = -1};
	struct log_answer *answer = log_answer_new(x, attach_logs_ended);
	struct err err;
	if (log_answer_open(answer, &options, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	log_answer_begin(answer);
	x->emptied = attach_head_sent;
	exchange_stream_raw(x, stream_type(x, answer->raw));
}

void handle_container_attach(struct exchange *x)
{
	struct engine_attach attach;
	struct err err;
	bool raw;
	attach_fill(x, &attach);
	bool streams = query_bool(&x->query, "stream", false) && (attach.in || attach.out || attach.err);
	if (engine_attach_check(x->engine, x->name, &attach, &raw, &err) < 0)
		exchange_fail(x, &err);
	else if (query_bool(&x->query, "logs", false) && (attach.out || attach.err))
		attach_logs(x, &attach);
	else if (streams)
		attach_give(x, raw);
	else {
		exchange_stream_raw(x, stream_type(x, raw));
		exchange_end(x);
	}
}
