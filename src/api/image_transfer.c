/*
 * load and import: the request's body flows into a job of the engine at the job's pace, the job's progress flows back
 * as JSON lines. Docker sends the status with the first line; an error after that is a line of its own.
 */
#include "api/resource.h"

#include "api/exchange.h"
#include "api/progress_line.h"
#include "base/text.h"
#include "engine/engine.h"

struct transfer {
	struct engine_job_sink sink;
	struct engine_job *job;
	struct exchange *x;
	bool quiet;
};

static void transfer_progress(struct engine_job_sink *sink, const struct progress *line)
{
	struct transfer *transfer = container_of(sink, struct transfer, sink);
	/* Bars are for watching: a client that does not read them does not get them. */
	bool bar = line->detail != NULL;
	if (bar && (transfer->quiet || exchange_room(transfer->x) == 0))
		return;
	progress_line(transfer->x, line);
}

static void transfer_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct transfer *transfer = container_of(sink, struct transfer, sink);
	struct exchange *x = transfer->x;
	transfer->job = NULL;
	if (err && !exchange_streams(x)) {
		exchange_fail(x, err);
		return;
	}
	if (err) {
		struct progress_error detail = {.message = (char *)err->msg};
		progress_line(transfer->x, &(struct progress){.error_detail = &detail, .error = (char *)err->msg});
	}
	if (!exchange_streams(x))
		exchange_stream(x, 200, "application/json");
	exchange_end(x);
}

static void transfer_writable(struct engine_job_sink *sink)
{
	exchange_body_resume(container_of(sink, struct transfer, sink)->x);
}

static size_t transfer_data(struct exchange *x, const char *data, size_t size)
{
	struct transfer *transfer = x->state;
	/* A job that has ended early reads no more; its answer is on the way. */
	return transfer->job ? engine_job_write(transfer->job, data, size) : size;
}

static void transfer_end(struct exchange *x)
{
	struct transfer *transfer = x->state;
	if (transfer->job)
		engine_job_finish(transfer->job);
}

static void transfer_gone(struct exchange *x)
{
	struct transfer *transfer = x->state;
	if (transfer->job)
		engine_job_cancel(transfer->job);
}

static struct transfer *transfer_new(struct exchange *x)
{
	struct transfer *transfer = arena_new(&x->arena, struct transfer);
	*transfer = (struct transfer){
	    .sink = {.progress = transfer_progress, .ended = transfer_ended, .writable = transfer_writable}, .x = x};
	x->state = transfer;
	x->gone = transfer_gone;
	x->body_data = transfer_data;
	x->body_end = transfer_end;
	return transfer;
}

void handle_image_load(struct exchange *x)
{
	struct transfer *transfer = transfer_new(x);
	struct err err;
	transfer->quiet = query_bool(&x->query, "quiet", true);
	if (!text_empty(query_get(&x->query, "platform"))) {
		exchange_refuse(x, 501, "platform: known, but not supported yet");
		return;
	}
	if (engine_load(x->engine, &transfer->sink, &transfer->job, &err) < 0)
		exchange_fail(x, &err);
}

static void image_import(struct exchange *x, const char *source)
{
	if (!text_equal(source, "-")) {
		exchange_refuse(x, 501, "import from \"%s\": not supported yet: fetch it first and import the file",
				source);
		return;
	}
	struct transfer *transfer = transfer_new(x);
	struct err err;
	const struct engine_import import = {
	    .repository = query_get(&x->query, "repo"),
	    .tag = query_get(&x->query, "tag"),
	    .message = query_get(&x->query, "message"),
	    .platform = query_get(&x->query, "platform"),
	    .changes = query_list(&x->arena, &x->query, "changes", false),
	};
	if (engine_import(x->engine, &import, &transfer->sink, &transfer->job, &err) < 0)
		exchange_fail(x, &err);
}

void handle_image_create(struct exchange *x)
{
	const char *source = query_get(&x->query, "fromSrc"), *image = query_get(&x->query, "fromImage");
	if (!text_empty(source)) {
		image_import(x, source);
		return;
	}
	if (text_empty(image)) {
		exchange_refuse(x, 400, "neither fromImage nor fromSrc is given");
		return;
	}
	handle_image_pull(x, image);
}
