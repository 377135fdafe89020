#include "registry/client.h"

#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "registry/challenge.h"
#include "registry/token.h"

#include <ctype.h>
#include <string.h>

enum { REDIRECTS_MAX = 10, CHALLENGES = 2, WAIT_MAX_S = 120, ANSWER_MAX = 64 << 10, ERROR_TEXT_MAX = 300 };
#define SECOND_NS 1000000000LL

void registry_init(struct registry *registry, struct http *http, const struct registry_settings *settings,
		   const struct auth_config *auth)
{
	*registry = (struct registry){.http = http, .settings = settings, .auth = auth};
	if (auth &&
	    (!text_empty(auth->username) || !text_empty(auth->identity_token) || !text_empty(auth->registry_token)))
		registry->auth_registry =
		    text_empty(auth->server_address) ? NULL : auth_host(&registry->arena, auth->server_address);
	else
		registry->auth = NULL;
}

void registry_done(struct registry *registry)
{
	while (registry->calls)
		call_end(registry->calls);
	arena_done(&registry->arena);
}

char *call_url(struct arena *arena, const struct endpoint *endpoint, const char *name, const char *rest)
{
	return arena_printf(arena, "%s/v2/%s%s%s%s", endpoint->base.text, name ? endpoint->prefix : "",
			    name ? name : "", name ? "/" : "", rest);
}

/* --- one attempt --- */

static void call_fail(struct call *call, const struct err *err)
{
	call->err = *err;
	call->rc = -err->code;
	call->state = CALL_DONE;
}

static int call_data(struct http_transfer *transfer, const void *data, size_t size, struct err *err)
{
	struct call *call = transfer->cookie;
	return call->data(call, data, size, err);
}

static int call_head(struct http_transfer *transfer, struct err *err)
{
	struct call *call = transfer->cookie;
	return call->head(call, err);
}

static void fields_fill(struct call *call)
{
	size_t count = 0;
	for (size_t i = 0; i < CALL_FIELDS_MAX && call->fields[i]; i++)
		call->list[count++] = (char *)(uintptr_t)call->fields[i];
	/* Not to another host than the registry itself. */
	const char *authorization = NULL;
	if (http_url_same_host(&call->target, &call->endpoint->base))
		authorization = token_find(call->registry, call->endpoint, call->scope);
	call->with_token = authorization != NULL;
	if (authorization)
		call->list[count++] = arena_printf(&call->arena, "Authorization: %s", authorization);
	call->list[count] = NULL;
}

static void attempt_start(struct call *call)
{
	struct err err;
	struct registry *registry = call->registry;
	struct http_transfer *transfer = &call->transfer;
	if (call->before)
		call->before(call);
	fields_fill(call);
	int rc = http_resolve(registry->http, &call->target, call->endpoint->local, &err);
	if (rc < 0) {
		err_wrap(&err, "%s \"%s\": dial tcp", call->method, call->target.text);
		call_fail(call, &err);
		return;
	}
	http_transfer_done(transfer);
	*transfer = (struct http_transfer){.method = call->method,
					   .url = &call->target,
					   .tls = &call->endpoint->tls,
					   .fields = call->list,
					   .body = call->body,
					   .body_fd = call->body_fd,
					   .body_offset = call->body_offset,
					   .body_size = call->body_size,
					   .slow_answer = call->slow_answer,
					   .data = call->data ? call_data : NULL,
					   .head = call->head ? call_head : NULL,
					   .cookie = call,
					   .answer = BUF_INIT(call->answer_max ? call->answer_max : ANSWER_MAX)};
	/* A client's certificate and an unchecked name are for this host alone. */
	static const struct http_tls strict = {.verify = true};
	if (!http_url_same_host(&call->target, &call->endpoint->base) && call->endpoint->tls.verify)
		transfer->tls = &strict;
	call->state = CALL_RUNNING;
	if (http_start(registry->http, transfer, &err) < 0)
		call_fail(call, &err);
}

void call_start(struct registry *registry, struct call *call)
{
	struct err err;
	call->registry = registry;
	call->next = registry->calls;
	registry->calls = call;
	call->state = CALL_NEW;
	call->rc = 0;
	call->attempt = 0;
	call->redirects = call->challenges = 0;
	if (http_url_parse(registry->http, &call->arena, call->url, &call->target, &err) < 0)
		call_fail(call, &err);
	else
		attempt_start(call);
}

void call_end(struct call *call)
{
	if (!call->registry)
		return;
	struct call **link = &call->registry->calls;
	while (*link && *link != call)
		link = &(*link)->next;
	if (*link)
		*link = call->next;
	http_transfer_done(&call->transfer);
	arena_done(&call->arena);
	call->registry = NULL;
}

/* --- what an attempt leads to --- */

static int64_t pause_ns(int64_t attempt)
{
	uint16_t random;
	random_bytes(&random, sizeof random);
	int64_t pause = SECOND_NS / 2 << (attempt < 5 ? attempt : 5);
	return pause * 3 / 4 + pause / 2 * random / 65536;
}

/* False when there were attempts enough; err says why then. */
static bool again_later(struct call *call, int64_t wished_s)
{
	int64_t attempts = call->attempts ? call->attempts : call->registry->settings->attempts;
	if (call->moved && *call->moved) {
		*call->moved = false;
		call->attempt = 0;
	}
	int64_t pause = wished_s >= 0 ? wished_s * SECOND_NS : pause_ns(call->attempt);
	if (++call->attempt >= attempts || wished_s > WAIT_MAX_S)
		return false;
	call->state = CALL_WAITING;
	call->due_ns = time_monotonic_ns() + pause;
	if (call->registry->retrying)
		call->registry->retrying(call, (pause + SECOND_NS - 1) / SECOND_NS);
	return true;
}

static bool may_pass(int rc)
{
	return rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EIO;
}

static int follow(struct call *call, struct err *err)
{
	const char *location = http_answer_field(&call->transfer, "Location");
	struct http_url next;
	if (!location)
		return err_set(err, EPROTO, "%s \"%s\": a redirect without a Location", call->method,
			       call->target.text);
	if (++call->redirects > REDIRECTS_MAX)
		return err_set(err, ELOOP, "%s \"%s\": stopped after %d redirects", call->method, call->url,
			       REDIRECTS_MAX);
	int rc = http_url_resolve(call->registry->http, &call->arena, call->target.text, location, &next, err);
	if (rc < 0)
		return err_wrap(err, "%s \"%s\": redirect", call->method, call->target.text);
	if (text_equal(call->target.scheme, "https") && text_equal(next.scheme, "http") && call->endpoint->tls.verify)
		return err_set(err, EACCES, "%s \"%s\": refused: it redirects from https to http (%s)", call->method,
			       call->target.text, next.host);
	call->target = next;
	return 0;
}

static void answered(struct call *call)
{
	struct err err;
	unsigned status = call->transfer.status;
	bool own = http_url_same_host(&call->target, &call->endpoint->base);
	call->spoken = call->spoken || own;
	if (status == 401 && own && call->challenges < CHALLENGES) {
		call->challenges++;
		int rc = token_fetch(call->registry, call, &err);
		if (rc == 0)
			attempt_start(call);
		else
			call_fail(call, &err);
		return;
	}
	bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
	if (redirect && !call->no_redirect) {
		if (follow(call, &err) < 0)
			call_fail(call, &err);
		else
			attempt_start(call);
		return;
	}
	if (status == 408 || status == 429 || status >= 500) {
		const char *field = http_answer_field(&call->transfer, "Retry-After");
		int64_t wish = field ? retry_after_seconds(field, time_wall_ns() / SECOND_NS) : -1;
		if (status != 501 && again_later(call, wish))
			return;
	}
	call->state = CALL_DONE;
}

static void call_advance(struct call *call)
{
	if (call->state == CALL_WAITING && time_monotonic_ns() >= call->due_ns) {
		/* What was redirected begins at the registry again: such links do not last. */
		struct err err;
		call->redirects = 0;
		call->challenges = 0;
		if (http_url_parse(call->registry->http, &call->arena, call->url, &call->target, &err) < 0)
			call_fail(call, &err);
		else
			attempt_start(call);
		return;
	}
	if (call->state != CALL_RUNNING || !call->transfer.done)
		return;
	if (call->transfer.rc == 0)
		answered(call);
	else if (!may_pass(call->transfer.rc) || call->transfer.refused || !again_later(call, -1))
		call_fail(call, &call->transfer.err);
}

/* Until the first pause ends, at most so long. */
static int timeout_find(const struct registry *registry, int timeout_ms)
{
	int64_t now = time_monotonic_ns();
	for (const struct call *call = registry->calls; call; call = call->next) {
		if (call->state != CALL_WAITING)
			continue;
		int64_t left = (call->due_ns - now) / 1000000 + 1;
		timeout_ms = left < 0 ? 0 : left < timeout_ms ? (int)left : timeout_ms;
	}
	return timeout_ms;
}

int registry_step(struct registry *registry, const int *fds, size_t fd_count, int timeout_ms, struct err *err)
{
	int rc = http_step(registry->http, fds, fd_count, timeout_find(registry, timeout_ms), err);
	for (struct call *call = registry->calls; rc == 0 && call; call = call->next)
		call_advance(call);
	return rc;
}

int call_do(struct registry *registry, struct call *call, struct err *err)
{
	call_start(registry, call);
	while (call->state != CALL_DONE) {
		int rc = registry_step(registry, NULL, 0, 1000, err);
		if (rc < 0)
			return rc;
	}
	if (call->rc < 0)
		*err = call->err;
	return call->rc;
}

/* --- errors --- */

struct registry_error {
	char *code, *message;
};
JSON_DECLARE(registry_error);
JSON_TYPE(registry_error, F_STR(struct registry_error, code, "code", 0),
	  F_STR(struct registry_error, message, "message", 0));
struct registry_errors {
	JSON_LIST(struct registry_error) errors;
	char *details; /* what Docker's own servers of tokens say instead */
};
JSON_DECLARE(registry_errors);
JSON_TYPE(registry_errors, F_LIST(struct registry_errors, errors, "errors", 0, registry_error),
	  F_STR(struct registry_errors, details, "details", 0));

static bool errors_read(struct arena *arena, const struct call *call, struct registry_error *out_first)
{
	struct registry_errors errors = {0};
	struct err ignored;
	const struct buf *text = &call->transfer.answer;
	if (text->len == 0 || text->overflow ||
	    json_load(arena, &table_registry_errors, text->data, text->len, "errors", 0, &errors, &ignored) < 0)
		return false;
	if (errors.errors.count > 0 && !text_empty(errors.errors.items[0].code)) {
		*out_first = errors.errors.items[0];
		return true;
	}
	const unsigned status = call->transfer.status;
	const char *code = status == 401   ? "UNAUTHORIZED"
			   : status == 403 ? "DENIED"
			   : status == 429 ? "TOOMANYREQUESTS"
					   : NULL;
	if (!code || text_empty(errors.details))
		return false;
	*out_first = (struct registry_error){arena_strdup(arena, code), errors.details};
	return true;
}

const char *call_error_code(struct arena *arena, const struct call *call)
{
	struct registry_error first;
	return call->state == CALL_DONE && call->rc == 0 && errors_read(arena, call, &first) ? first.code : "";
}

bool call_answered(const struct call *call, unsigned status)
{
	return call->state == CALL_DONE && call->rc == 0 && call->transfer.status == status;
}

static int code_of(unsigned status)
{
	switch (status) {
	case 401:
		return ENOKEY;
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 429:
		return EBUSY;
	}
	return EPROTO;
}

int call_check(const struct call *call, struct err *err)
{
	auto_arena arena = {0};
	struct registry_error first;
	unsigned status = call->transfer.status;
	if (call->rc < 0) {
		*err = call->err;
		return call->rc;
	}
	if (status >= 200 && status < 300)
		return 0;
	if (errors_read(&arena, call, &first)) {
		char *code = first.code;
		for (char *at = code; *at; at++)
			*at = *at == '_' ? ' ' : (char)tolower((unsigned char)*at);
		return err_set(err, code_of(status), "%.64s: %.*s", code, ERROR_TEXT_MAX,
			       text_empty(first.message) ? code : first.message);
	}
	const char *again = http_answer_field(&call->transfer, "Retry-After");
	if (status == 401)
		return err_set(err, ENOKEY, "unauthorized: authentication required");
	if (status == 403)
		return err_set(err, EACCES, "denied: requested access to the resource is denied");
	if (status == 429)
		return err_set(err, EBUSY, "toomanyrequests: %s asks to wait%s%.30s", call->target.host,
			       again ? "; seconds or moment: " : "", again ? again : "");
	return err_set(err, code_of(status), "%s \"%s\": unexpected status %u", call->method, call->target.text,
		       status);
}
