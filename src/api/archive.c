/* cp, export and diff: HEAD, GET and PUT .../archive, .../export, .../changes. */
#include "engine/archive.h"
#include "api/resource.h"

#include "api/download.h"
#include "base/base64.h"
#include "base/text.h"

#include <string.h>

/* --- what comes back whole: a header, a list --- */

struct answer {
	struct engine_job_sink sink;
	struct engine_job *job;
	struct exchange *x;
	char *text; /* in the exchange's arena */
};

static void answer_keep(struct engine_job_sink *sink, const struct json *value)
{
	struct answer *answer = container_of(sink, struct answer, sink);
	auto_buf text = BUF_INIT(16 << 20);
	json_encode_value(&text, value);
	answer->text = arena_strdup(&answer->x->arena, buf_str(&text));
}

static void answer_gone(struct exchange *x)
{
	struct answer *answer = x->state;
	if (answer->job)
		engine_job_cancel(answer->job);
}

static struct answer *answer_new(struct exchange *x, void (*ended)(struct engine_job_sink *sink, const struct err *err))
{
	struct answer *answer = arena_new(&x->arena, struct answer);
	*answer = (struct answer){.sink = {.ended = ended, .answer = answer_keep}, .x = x};
	x->state = answer;
	x->gone = answer_gone;
	return answer;
}

static void stat_field(struct exchange *x, const char *json)
{
	auto_buf text = BUF_INIT(64 << 10);
	base64_encode(&text, json, strlen(json), false);
	exchange_field(x, PATH_STAT_HEADER, buf_str(&text));
}

static void stat_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct answer *answer = container_of(sink, struct answer, sink);
	answer->job = NULL;
	if (err) {
		exchange_fail(answer->x, err);
		return;
	}
	stat_field(answer->x, answer->text ? answer->text : "{}");
	exchange_empty(answer->x, 200);
}

void handle_archive_stat(struct exchange *x)
{
	struct answer *answer = answer_new(x, stat_ended);
	struct err err;
	if (engine_archive_stat(x->engine, x->name, query_get(&x->query, "path"), &answer->sink, &answer->job, &err) <
	    0)
		exchange_fail(x, &err);
}

static void changes_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct answer *answer = container_of(sink, struct answer, sink);
	answer->job = NULL;
	if (err) {
		exchange_fail(answer->x, err);
		return;
	}
	auto_buf text = BUF_INIT(16 << 20);
	/* Docker: null when nothing has changed. */
	bool none = !answer->text || text_equal(answer->text, "[]");
	buf_printf(&text, "%s\n", none ? "null" : answer->text);
	exchange_json(answer->x, 200, &text);
}

void handle_container_changes(struct exchange *x)
{
	struct answer *answer = answer_new(x, changes_ended);
	struct err err;
	if (engine_changes(x->engine, x->name, &answer->sink, &answer->job, &err) < 0)
		exchange_fail(x, &err);
}

/* --- archives to the client --- */

static void get_answer(struct engine_job_sink *sink, const struct json *value)
{
	struct download *download = container_of(sink, struct download, sink);
	auto_buf text = BUF_INIT(64 << 10);
	json_encode_value(&text, value);
	stat_field(download->x, buf_str(&text));
}

void handle_archive_get(struct exchange *x)
{
	struct download *download = download_new(x, "application/x-tar");
	struct err err;
	download->sink.answer = get_answer;
	if (engine_archive_get(x->engine, x->name, query_get(&x->query, "path"), &download->sink, &download->job,
			       &err) < 0)
		exchange_fail(x, &err);
}

void handle_container_export(struct exchange *x)
{
	struct download *download = download_new(x, "application/octet-stream");
	struct err err;
	if (engine_export(x->engine, x->name, &download->sink, &download->job, &err) < 0)
		exchange_fail(x, &err);
}

/* --- archives from the client --- */

static void put_writable(struct engine_job_sink *sink)
{
	exchange_body_resume(container_of(sink, struct answer, sink)->x);
}

static size_t put_data(struct exchange *x, const char *data, size_t size)
{
	struct answer *answer = x->state;
	return answer->job ? engine_job_write(answer->job, data, size) : size;
}

static void put_end(struct exchange *x)
{
	struct answer *answer = x->state;
	if (answer->job)
		engine_job_finish(answer->job);
}

static void put_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct answer *answer = container_of(sink, struct answer, sink);
	answer->job = NULL;
	if (err)
		exchange_fail(answer->x, err);
	else
		exchange_empty(answer->x, 200);
}

void handle_archive_put(struct exchange *x)
{
	struct answer *answer = answer_new(x, put_ended);
	const struct engine_archive_put put = {
	    .path = query_get(&x->query, "path"),
	    .keep_kind = query_bool(&x->query, "noOverwriteDirNonDir", false),
	    .copy_uid_gid = query_bool(&x->query, "copyUIDGID", false),
	};
	struct err err;
	answer->sink.writable = put_writable;
	x->body_data = put_data;
	x->body_end = put_end;
	if (engine_archive_put(x->engine, x->name, &put, &answer->sink, &answer->job, &err) < 0)
		exchange_fail(x, &err);
}
