/*
 * What has to do with registries: pull, push, login, search and tug's own questions. Progress flows as JSON lines;
 * Docker sends the status with the first line, and an error after that is a line of its own.
 */
#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "api/progress_line.h"
#include "api/route.h"
#include "base/text.h"
#include "docker/filters.h"
#include "engine/registry.h"

#include <string.h>

struct registry_stream {
	struct engine_job_sink sink;
	struct engine_pull_client *pull;
	struct engine_job *job;
	struct exchange *x;
};

/* Numbers are for watching: a client that does not read them does not get them. */
static void stream_progress(struct engine_job_sink *sink, const struct progress *line)
{
	struct registry_stream *stream = container_of(sink, struct registry_stream, sink);
	bool bar = line->detail && (line->detail->total > 0 || line->detail->current > 0);
	struct progress shown = *line;
	if (bar && exchange_room(stream->x) == 0)
		return;
	if (!bar && !line->id)
		shown.detail = NULL;
	progress_line(stream->x, &shown);
}

static void stream_answer(struct engine_job_sink *sink, const struct json *answer)
{
	progress_line(container_of(sink, struct registry_stream, sink)->x, &(struct progress){.aux = answer});
}

static void stream_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct registry_stream *stream = container_of(sink, struct registry_stream, sink);
	struct exchange *x = stream->x;
	stream->pull = NULL;
	stream->job = NULL;
	if (err && !exchange_streams(x)) {
		exchange_fail(x, err);
		return;
	}
	if (err) {
		struct progress_error detail = {.message = (char *)(uintptr_t)err->msg};
		progress_line(stream->x,
			      &(struct progress){.error_detail = &detail, .error = (char *)(uintptr_t)err->msg});
	}
	if (!exchange_streams(x))
		exchange_stream(x, 200, "application/json");
	exchange_end(x);
}

static void stream_gone(struct exchange *x)
{
	struct registry_stream *stream = x->state;
	if (stream->pull)
		engine_pull_cancel(stream->pull);
	if (stream->job)
		engine_job_cancel(stream->job);
}

static struct registry_stream *stream_new(struct exchange *x)
{
	struct registry_stream *stream = arena_new(&x->arena, struct registry_stream);
	*stream = (struct registry_stream){
	    .sink = {.progress = stream_progress, .ended = stream_ended, .answer = stream_answer}, .x = x};
	x->state = stream;
	x->gone = stream_gone;
	return stream;
}

/* Answers the client and returns false when the header is no good. */
static bool auth_read(struct exchange *x, struct auth_config *out_auth)
{
	struct err err;
	if (auth_header_decode(&x->arena, http_head_field(x->head, "X-Registry-Auth"), out_auth, &err) == 0)
		return true;
	exchange_fail(x, &err);
	return false;
}

static size_t body_ignored(struct exchange *x, const char *data, size_t size)
{
	(void)x, (void)data;
	return size;
}

static void body_ended(struct exchange *x)
{
	(void)x;
}

void handle_image_pull(struct exchange *x, const char *image)
{
	struct registry_stream *stream = stream_new(x);
	struct auth_config auth;
	struct err err;
	x->body_data = body_ignored;
	x->body_end = body_ended;
	if (!auth_read(x, &auth))
		return;
	const struct engine_pull pull = {.name = image,
					 .tag = query_get(&x->query, "tag"),
					 .platform = query_get(&x->query, "platform"),
					 .auth = &auth};
	if (engine_pull(x->engine, &pull, &stream->sink, &stream->pull, &err) < 0)
		exchange_fail(x, &err);
}

void handle_image_push(struct exchange *x)
{
	struct registry_stream *stream = stream_new(x);
	struct auth_config auth;
	struct err err;
	if (!auth_read(x, &auth))
		return;
	const struct engine_push push = {.name = x->name,
					 .tag = query_get(&x->query, "tag"),
					 .platform = query_get(&x->query, "platform"),
					 .auth = &auth};
	if (engine_push(x->engine, &push, &stream->sink, &stream->job, &err) < 0)
		exchange_fail(x, &err);
}

/* --- one answer --- */

struct registry_answer {
	struct engine_job_sink sink;
	struct engine_job *job;
	struct exchange *x;
	const char *text; /* in the exchange's arena */
	size_t size;
};

static void answer_keep(struct engine_job_sink *sink, const struct json *answer)
{
	struct registry_answer *state = container_of(sink, struct registry_answer, sink);
	auto_buf text = BUF_INIT(EXCHANGE_ANSWER_MAX / 2);
	json_encode_value(&text, answer);
	buf_char(&text, '\n');
	state->text = arena_strndup(&state->x->arena, buf_str(&text), text.len);
	state->size = text.len;
}

static void answer_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct registry_answer *state = container_of(sink, struct registry_answer, sink);
	state->job = NULL;
	if (err)
		exchange_fail(state->x, err);
	else
		exchange_data(state->x, 200, "application/json", state->text ? state->text : "{}\n",
			      state->text ? state->size : 3);
}

static void answer_gone(struct exchange *x)
{
	struct registry_answer *state = x->state;
	if (state->job)
		engine_job_cancel(state->job);
}

static void ask(struct exchange *x, const struct engine_registry_query *query)
{
	struct registry_answer *state = arena_new(&x->arena, struct registry_answer);
	struct err err;
	*state = (struct registry_answer){.sink = {.ended = answer_ended, .answer = answer_keep}, .x = x};
	x->state = state;
	x->gone = answer_gone;
	if (engine_registry_ask(x->engine, query, &state->sink, &state->job, &err) < 0)
		exchange_fail(x, &err);
}

void handle_system_auth(struct exchange *x)
{
	struct auth_config auth = {0};
	if (!exchange_decode(x, &table_auth_config, false, &auth))
		return;
	ask(x, &(struct engine_registry_query){.verb = REGISTRY_AUTH, .auth = &auth});
}

void handle_distribution_inspect(struct exchange *x)
{
	struct auth_config auth;
	if (auth_read(x, &auth))
		ask(x, &(struct engine_registry_query){.verb = REGISTRY_INSPECT, .name = x->name, .auth = &auth});
}

void handle_image_search(struct exchange *x)
{
	struct auth_config auth;
	struct err err;
	int64_t limit;
	const char *term = query_get(&x->query, "term");
	if (query_number(&x->query, "limit", 0, INT64_MAX, 0, &limit, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	if (limit != 0 && (limit < 1 || limit > 100)) {
		exchange_refuse(x, 400, "limit %lld is outside the range of [1, 100]", (long long)limit);
		return;
	}
	if (!auth_read(x, &auth))
		return;
	ask(x, &(struct engine_registry_query){.verb = REGISTRY_SEARCH,
					       .name = term ? term : "",
					       .text = query_get(&x->query, "filters"),
					       .limit = limit ? limit : 25,
					       .auth = &auth});
}

void handle_registry_ask(struct exchange *x)
{
	static const struct {
		const char *method, *end;
		enum engine_registry_verb verb;
	} rows[] = {
	    {"GET", "/manifest", REGISTRY_MANIFEST}, {"GET", "/tags", REGISTRY_TAGS},
	    {"GET", "/catalog", REGISTRY_CATALOG},   {"GET", "/referrers", REGISTRY_REFERRERS},
	    {"PUT", "/manifest", REGISTRY_PUT},	     {"DELETE", "/manifest", REGISTRY_DELETE},
	};
	struct auth_config auth;
	struct registry_list_put list = {0};
	struct engine_registry_query query = {.name = x->name,
					      .text = query_get(&x->query, "artifactType"),
					      .insecure = query_bool(&x->query, "insecure", false),
					      .auth = &auth};
	for (size_t i = 0; i < array_size(rows); i++)
		if (text_equal(rows[i].method, x->route->method) && text_ends(x->route->pattern, rows[i].end))
			query.verb = rows[i].verb;
	if (query.verb == REGISTRY_PUT && !exchange_decode(x, &table_registry_list_put, false, &list))
		return;
	query.list = &list;
	if (auth_read(x, &auth))
		ask(x, &query);
}
