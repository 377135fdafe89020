#include "registry/upload.h"

#include "base/text.h"
#include "base/time.h"
#include "registry/challenge.h"

#include <string.h>

enum { PIECE_FIRST = 32 << 20, PIECE_LEAST = 1 << 20 };
#define PAUSE_NS 500000000LL

static void fail(struct upload *upload, const struct err *err)
{
	upload->err = *err;
	upload->rc = -err->code;
	upload->state = UPLOAD_DONE;
}

static void finish(struct upload *upload, enum upload_how how)
{
	upload->how = how;
	upload->state = UPLOAD_DONE;
}

static void go(struct upload *upload, enum upload_state state, struct call call)
{
	if (upload->active)
		call_end(&upload->call);
	upload->call = call;
	upload->call.endpoint = upload->endpoint;
	if (!upload->call.scope)
		upload->call.scope = upload->scope;
	upload->state = state;
	upload->active = true;
	call_start(upload->registry, &upload->call);
}

/* --- look, begin --- */

static void look(struct upload *upload)
{
	auto_free char *rest = x_printf("blobs/%s", upload->digest.text);
	go(upload, UPLOAD_LOOK,
	   (struct call){.method = "HEAD", .url = call_url(&upload->arena, upload->endpoint, upload->name, rest)});
}

static void begin(struct upload *upload)
{
	const char *from = upload->mounts ? upload->mounts[upload->mount] : NULL;
	char *url = call_url(&upload->arena, upload->endpoint, upload->name, "blobs/uploads/");
	const char *scope = NULL;
	upload->began_mount = from != NULL;
	upload->offset = 0;
	if (from) {
		url = http_url_add(&upload->arena, url, "mount", upload->digest.text);
		url = http_url_add(&upload->arena, url, "from", from);
		scope = arena_printf(&upload->arena, "%s repository:%s:pull", upload->scope, from);
	}
	/* Asked for a second time it begins a second session: nothing is lost by that. */
	go(upload, UPLOAD_BEGIN, (struct call){.method = "POST", .url = url, .scope = scope, .no_redirect = true});
}

static int location_take(struct upload *upload, struct err *err)
{
	const char *location = http_answer_field(&upload->call.transfer, "Location");
	struct http_url next;
	if (!location)
		return err_set(err, EPROTO, "%s \"%s\": no Location for the upload", upload->call.method,
			       upload->call.target.text);
	int rc =
	    http_url_resolve(upload->registry->http, &upload->arena, upload->call.target.text, location, &next, err);
	if (rc < 0)
		return err_wrap(err, "Location of the upload");
	bool worse = text_equal(upload->endpoint->base.scheme, "https") && text_equal(next.scheme, "http");
	if (worse && upload->endpoint->tls.verify)
		return err_set(err, EACCES, "refused: %s wants the upload to go on by plain http at %s",
			       upload->endpoint->base.host, next.host);
	upload->location = (char *)(uintptr_t)next.text;
	return 0;
}

/* --- send --- */

static void send_piece(struct upload *upload)
{
	uint64_t left = upload->size - upload->offset;
	bool last = !upload->piece || left <= upload->piece;
	/* All of it in the request that ends it; otherwise the rest by PATCH, and an empty PUT. */
	bool put = last && (upload->offset == 0 || left == 0) && (!upload->piece || left == 0);
	uint64_t size = last ? left : upload->piece;
	char *url =
	    put ? http_url_add(&upload->arena, upload->location, "digest", upload->digest.text) : upload->location;
	struct call call = {.method = put ? "PUT" : "PATCH",
			    .url = url,
			    .fields = {"Content-Type: application/octet-stream"},
			    .body_fd = upload->fd,
			    .body_offset = upload->offset,
			    .body_size = size,
			    .slow_answer = true,
			    .no_redirect = true,
			    .attempts = 1};
	if (!put) {
		snprintf(upload->range, sizeof upload->range, "Content-Range: %llu-%llu",
			 (unsigned long long)upload->offset, (unsigned long long)(upload->offset + size - 1));
		call.fields[1] = upload->range;
	}
	upload->closing = put;
	go(upload, UPLOAD_SEND, call);
}

static void status_ask(struct upload *upload)
{
	go(upload, UPLOAD_STATUS,
	   (struct call){.method = "GET", .url = upload->location, .no_redirect = true, .attempts = 1});
}

/* After a pause, as long as there are attempts. */
static bool once_more(struct upload *upload)
{
	if (++upload->attempt >= upload->registry->settings->attempts)
		return false;
	upload->due_ns = time_monotonic_ns() + PAUSE_NS * upload->attempt;
	return true;
}

/* Smaller requests, where there is room for that. */
static bool smaller(struct upload *upload)
{
	if (upload->piece && upload->piece / 4 < PIECE_LEAST)
		return false;
	upload->piece = upload->piece ? upload->piece / 4 : PIECE_FIRST;
	if (upload->piece > upload->size && upload->size > PIECE_LEAST)
		upload->piece = upload->size / 2;
	return true;
}

static void sent(struct upload *upload)
{
	struct err err;
	const struct call *call = &upload->call;
	int rc = call_check(call, &err);
	if (rc == 0 && upload->closing) {
		finish(upload, UPLOAD_SENT);
		return;
	}
	if (rc == 0) {
		upload->offset += call->body_size;
		rc = location_take(upload, &err);
		upload->attempt = 0;
		if (rc == 0)
			send_piece(upload);
		else
			fail(upload, &err);
		return;
	}
	unsigned status = call->rc == 0 ? call->transfer.status : 0;
	if (status == 413 && smaller(upload)) {
		begin(upload);
		return;
	}
	bool passing = status == 0 || status == 416 || status == 408 || status == 429 || status >= 500;
	if (!passing || call->rc == -EACCES || !once_more(upload)) {
		fail(upload, &err);
		return;
	}
	call_end(&upload->call);
	upload->active = false;
	upload->state = UPLOAD_STATUS; /* asked when the pause is over */
}

/* How much the registry has; when it does not say, everything from the beginning. */
static void status_heard(struct upload *upload)
{
	struct err ignored;
	uint64_t end = 0;
	const char *range = http_answer_field(&upload->call.transfer, "Range");
	bool good = call_check(&upload->call, &ignored) == 0 && range && upload_range_parse(range, &end, &ignored) == 0;
	if (good && location_take(upload, &ignored) == 0 && end > 1 && end <= upload->size) {
		upload->offset = end;
		send_piece(upload);
		return;
	}
	begin(upload);
}

static void begun(struct upload *upload)
{
	struct err err;
	int rc = call_check(&upload->call, &err);
	unsigned status = upload->call.rc == 0 ? upload->call.transfer.status : 0;
	if (rc == 0 && status == 201 && upload->began_mount) {
		upload->mounted_from = upload->mounts[upload->mount];
		finish(upload, UPLOAD_MOUNTED);
		return;
	}
	/* Not allowed to look there, or it is not there any more. */
	if (upload->began_mount && (rc < 0 || status != 202)) {
		upload->mount++;
		begin(upload);
		return;
	}
	if (rc == 0)
		rc = location_take(upload, &err);
	if (rc < 0)
		fail(upload, &err);
	else
		send_piece(upload);
}

static void looked(struct upload *upload)
{
	struct err err;
	int rc = call_check(&upload->call, &err);
	if (rc == 0)
		finish(upload, UPLOAD_THERE);
	else if (upload->call.rc == 0 && (upload->call.transfer.status == 404 || upload->call.transfer.status == 405))
		begin(upload);
	else
		fail(upload, &err);
}

void upload_step(struct upload *upload)
{
	if (upload->state == UPLOAD_NEW) {
		look(upload);
		return;
	}
	if (upload->state == UPLOAD_STATUS && !upload->active && time_monotonic_ns() >= upload->due_ns) {
		status_ask(upload);
		return;
	}
	if (!upload->active || upload->call.state != CALL_DONE)
		return;
	static void (*const heard[])(struct upload * upload) = {
	    [UPLOAD_LOOK] = looked, [UPLOAD_BEGIN] = begun, [UPLOAD_SEND] = sent, [UPLOAD_STATUS] = status_heard};
	if (upload->state != UPLOAD_DONE)
		heard[upload->state](upload);
}

void upload_done(struct upload *upload)
{
	if (upload->active)
		call_end(&upload->call);
	upload->active = false;
	arena_done(&upload->arena);
}

uint64_t upload_sent(const struct upload *upload)
{
	if (upload->state != UPLOAD_SEND)
		return upload->offset;
	return upload->offset + upload->call.transfer.sent;
}
