#include "api/resource.h"

#include "api/call.h"
#include "base/text.h"

void handle_container_remove(struct exchange *x)
{
	if (query_bool(&x->query, "link", false)) {
		exchange_refuse(x, 501, "link: known, but not supported yet");
		return;
	}
	bool force = query_bool(&x->query, "force", false), volumes = query_bool(&x->query, "v", false);
	engine_remove(x->engine, x->name, force, volumes, &exchange_call_new(x, 204)->call);
}

void handle_container_start(struct exchange *x)
{
	/* A body was the host configuration before API 1.24. Clients that send "null" or "{}" mean none. */
	if (x->body.len > 7) {
		exchange_refuse(
		    x, 400,
		    "starting container with non-empty request body was deprecated since API v1.22 and removed in "
		    "v1.24");
		return;
	}
	if (!text_empty(query_get(&x->query, "checkpoint"))) {
		exchange_refuse(x, 501, "checkpoint: known, but not supported yet");
		return;
	}
	engine_start(x->engine, x->name, &exchange_call_new(x, 204)->call);
}

/* The parameter t: seconds; -2 when it is not there. */
static bool timeout_read(struct exchange *x, int64_t *out_seconds)
{
	struct err err;
	if (query_number(&x->query, "t", INT32_MIN, INT32_MAX, -2, out_seconds, &err) < 0) {
		exchange_fail(x, &err);
		return false;
	}
	if (*out_seconds < -1 && query_get(&x->query, "t") && !text_empty(query_get(&x->query, "t")))
		*out_seconds = -1; /* Docker: any negative number waits for ever */
	return true;
}

void handle_container_stop(struct exchange *x)
{
	int64_t seconds;
	if (timeout_read(x, &seconds))
		engine_stop(x->engine, x->name, query_get(&x->query, "signal"), seconds,
			    &exchange_call_new(x, 204)->call);
}

void handle_container_restart(struct exchange *x)
{
	int64_t seconds;
	if (timeout_read(x, &seconds))
		engine_restart(x->engine, x->name, query_get(&x->query, "signal"), seconds,
			       &exchange_call_new(x, 204)->call);
}

void handle_container_kill(struct exchange *x)
{
	struct err err;
	if (engine_kill(x->engine, x->name, query_get(&x->query, "signal"), &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 204);
}

void handle_container_pause(struct exchange *x)
{
	engine_pause(x->engine, x->name, &exchange_call_new(x, 204)->call);
}

void handle_container_unpause(struct exchange *x)
{
	engine_unpause(x->engine, x->name, &exchange_call_new(x, 204)->call);
}

void handle_container_resize(struct exchange *x)
{
	struct err err;
	int64_t height, width;
	if (query_number(&x->query, "h", 0, UINT16_MAX, 0, &height, &err) < 0 ||
	    query_number(&x->query, "w", 0, UINT16_MAX, 0, &width, &err) < 0 ||
	    engine_resize(x->engine, x->name, (uint16_t)height, (uint16_t)width, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 200);
}

/* --- wait: the head of the answer goes out at once, so that the client knows that it is heard --- */

static void wait_done(struct engine_call *call, const struct err *err)
{
	struct exchange_call *waiting = container_of(call, struct exchange_call, call);
	struct exchange *x = waiting->x;
	x->state = NULL;
	if (err && !exchange_streams(x)) {
		exchange_fail(x, err);
		return;
	}
	struct wait_error error = {(char *)(err ? err->msg : call->exit_error)};
	struct container_wait answer = {.status_code = call->exit_code, .error = error.message ? &error : NULL};
	if (!exchange_streams(x))
		exchange_stream(x, 200, "application/json");
	auto_buf text = BUF_INIT(4 << 10);
	json_encode(&text, &table_container_wait, &answer);
	buf_char(&text, '\n');
	exchange_write(x, buf_str(&text), text.len);
	exchange_end(x);
}

static const struct {
	const char *word;
	enum engine_condition condition;
} conditions[] = {
    {"", ENGINE_NOT_RUNNING},
    {"not-running", ENGINE_NOT_RUNNING},
    {"next-exit", ENGINE_NEXT_EXIT},
    {"removed", ENGINE_REMOVED},
};

void handle_container_wait(struct exchange *x)
{
	const char *word = query_get(&x->query, "condition");
	for (size_t i = 0; i < array_size(conditions); i++) {
		if (!text_equal(conditions[i].word, word ? word : ""))
			continue;
		struct exchange_call *waiting = exchange_call_new(x, 200);
		waiting->call.done = wait_done;
		engine_wait(x->engine, x->name, conditions[i].condition, &waiting->call);
		if (x->state) /* it really waits */
			exchange_stream(x, 200, "application/json");
		return;
	}
	exchange_refuse(x, 400, "invalid condition: \"%s\"", word);
}
