#include "api/download.h"

static void download_data(struct engine_job_sink *sink, const void *data, size_t size)
{
	struct download *download = container_of(sink, struct download, sink);
	struct exchange *x = download->x;
	if (!exchange_streams(x))
		exchange_stream(x, 200, download->type);
	exchange_write(x, data, size);
	if (exchange_room(x) == 0)
		engine_job_pause(download->job);
}

static void download_drained(struct exchange *x)
{
	struct download *download = x->state;
	if (download->job)
		engine_job_resume(download->job);
}

static void download_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct download *download = container_of(sink, struct download, sink);
	struct exchange *x = download->x;
	download->job = NULL;
	if (err && !exchange_streams(x)) {
		exchange_fail(x, err);
		return;
	}
	if (err) {
		exchange_abort(x); /* the client sees that it is not all */
		return;
	}
	if (!exchange_streams(x))
		exchange_stream(x, 200, download->type);
	exchange_end(x);
}

static void download_gone(struct exchange *x)
{
	struct download *download = x->state;
	if (download->job)
		engine_job_cancel(download->job);
}

struct download *download_new(struct exchange *x, const char *type)
{
	struct download *download = arena_new(&x->arena, struct download);
	*download = (struct download){.sink = {.ended = download_ended, .data = download_data}, .x = x, .type = type};
	x->state = download;
	x->gone = download_gone;
	x->drained = download_drained;
	return download;
}
