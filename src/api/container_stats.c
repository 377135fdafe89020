/*
 * GET /containers/{id}/stats: once a second until the client goes or the container does; with stream=0 two samples a
 * second apart in one answer, with one-shot=1 one of them at once.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "base/text.h"
#include "engine/stats.h"

#include <string.h>

enum { STATS_TEXT_MAX = 1 << 20 };
#define SECOND_NS 1000000000LL

struct stats_stream {
	struct exchange *x;
	struct loop_timer timer;
	char *name;
	bool once;
	bool has_before;
	struct stats_cpu before;
	char before_read[48];
};

static void stream_free(struct stats_stream *stream)
{
	loop_timer_stop(&stream->timer);
	free(stream->name);
	free(stream);
}

static void stream_gone(struct exchange *x)
{
	stream_free(x->state);
}

static int sample(struct stats_stream *stream, struct arena *arena, struct container_stats *stats, struct err *err)
{
	int rc = engine_stats(stream->x->engine, arena, stream->name, stats, err);
	if (rc < 0)
		return rc;
	if (stream->has_before) {
		stats->precpu = stream->before;
		stats->preread = stream->before_read;
	}
	if (stream->x->minor < 52)
		stats->os_type = NULL;
	return 0;
}

/* What the next one is compared with; the list of processors is not kept. */
static void sample_keep(struct stats_stream *stream, const struct container_stats *stats)
{
	stream->before = stats->cpu;
	stream->before.usage.per_cpu = NULL;
	snprintf(stream->before_read, sizeof stream->before_read, "%s", stats->read);
	stream->has_before = true;
}

static void next(struct loop_timer *timer);

/* False when it is over. */
static bool stream_send(struct stats_stream *stream)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(STATS_TEXT_MAX);
	struct container_stats stats;
	struct exchange *x = stream->x;
	struct err err;
	if (sample(stream, &arena, &stats, &err) < 0) {
		stream_free(stream);
		exchange_end(x); /* the container is gone */
		return false;
	}
	json_encode(&text, &table_container_stats, &stats);
	buf_char(&text, '\n');
	if (exchange_room(x) > 0) /* one that does not read misses samples, not the newest */
		exchange_write(x, buf_str(&text), text.len);
	sample_keep(stream, &stats);
	return true;
}

static void answer_once(struct stats_stream *stream)
{
	struct container_stats *stats = arena_new(&stream->x->arena, struct container_stats);
	struct exchange *x = stream->x;
	struct err err;
	int rc = sample(stream, &x->arena, stats, &err);
	if (rc == 0)
		stats->preread = arena_strdup(&x->arena, stats->preread);
	stream_free(stream);
	if (rc < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_container_stats, stats);
}

static void next(struct loop_timer *timer)
{
	struct stats_stream *stream = container_of(timer, struct stats_stream, timer);
	if (stream->once)
		answer_once(stream);
	else if (stream_send(stream))
		loop_timer_start(stream->x->loop, &stream->timer, SECOND_NS, next);
}

void handle_container_stats(struct exchange *x)
{
	bool once = !query_bool(&x->query, "stream", true), one_shot = query_bool(&x->query, "one-shot", false);
	auto_arena arena = {0};
	struct container_stats first;
	struct err err;
	if (!once && one_shot) {
		exchange_refuse(x, 400, "cannot have stream=true and one-shot=true");
		return;
	}
	if (engine_stats(x->engine, &arena, x->name, &first, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	struct stats_stream *stream = x_alloc(sizeof *stream);
	*stream = (struct stats_stream){.x = x, .name = x_strdup(first.id), .once = once};
	x->state = stream;
	x->gone = stream_gone;
	bool runs = first.cpu.online > 0;
	if (once && (one_shot || !runs)) {
		answer_once(stream);
		return;
	}
	if (once)
		sample_keep(stream, &first);
	else
		exchange_stream(x, 200, "application/json");
	if (once)
		loop_timer_start(x->loop, &stream->timer, SECOND_NS, next);
	else
		next(&stream->timer);
}
