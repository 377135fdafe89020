/*
 * One request and its answer, as a route's handler sees them.
 *
 * A handler is called once the request's head is there and, unless the route takes its body as a stream, the whole body
 * too. It may answer at once or return and answer later; it answers exactly once, by one of the functions below, and
 * must not touch the exchange afterwards. When the client goes away before that, `gone` is called once: the handler
 * cancels what it asked of the engine and frees its own state; the exchange is invalid after that call.
 *
 * What a handler decodes or builds for the answer lives in `arena`, which ends with the exchange.
 */
#pragma once

#include "api/http_head.h"
#include "api/query.h"

#include "base/json.h"

#include <stdint.h>

struct api;
struct engine;
struct route;

struct exchange {
	struct engine *engine;
	struct loop *loop;
	const struct route *route;
	struct arena arena;
	const struct http_head *head;
	const char *path; /* decoded, without the version */
	const char *name; /* what the pattern's {} stands for */
	unsigned minor;	  /* of the API version 1.minor that the client speaks */
	struct query query;
	struct buf body; /* whole, for routes with a JSON body */

	void *state; /* the handler's own */
	void (*gone)(struct exchange *x);

	/* Of streamed answers: there is room again (see exchange_room); all is sent: asked for by setting it, told
	 * once. */
	void (*drained)(struct exchange *x);
	void (*emptied)(struct exchange *x);

	/*
	 * Of routes that take their body as a stream: takes bytes and returns how many; with fewer than offered the
	 * body rests until exchange_body_resume. body_end follows the last byte.
	 */
	size_t (*body_data)(struct exchange *x, const char *data, size_t size);
	void (*body_end)(struct exchange *x);
};

/* --- whole answers --- */

void exchange_struct(struct exchange *x, unsigned status, const struct json_table *table, const void *structure);
void exchange_data(struct exchange *x, unsigned status, const char *type, const char *data, size_t size);
void exchange_json(struct exchange *x, unsigned status, const struct buf *text); /* -E2BIG when it did not fit */
void exchange_empty(struct exchange *x, unsigned status);
void exchange_field(struct exchange *x, const char *name, const char *value); /* a header more; before the answer */

/* {"message": ...} with the status that belongs to err->code (docker/error.h). Faults of the engine are logged. */
void exchange_fail(struct exchange *x, const struct err *err);
void exchange_refuse(struct exchange *x, unsigned status, const char *format, ...) printf_like(3, 4);

/* --- streamed answers: begin, write while there is room, end --- */

void exchange_stream(struct exchange *x, unsigned status, const char *type);
bool exchange_streams(const struct exchange *x); /* begun */
size_t exchange_room(const struct exchange *x);	 /* bytes until the client is considered slow; then wait for drained */
void exchange_write(struct exchange *x, const void *data, size_t size); /* also past the room, up to a hard limit */
void exchange_end(struct exchange *x);
void exchange_abort(struct exchange *x); /* ends the connection in the middle, so that the client sees a failure */

void exchange_body_resume(struct exchange *x);

/* --- the connection as a raw stream (hijack) --- */

/*
 * Writes the head of the answer (101 UPGRADED when the client asked for an upgrade, else 200) and gives the connection
 * away: out_fd is the caller's, out_extra is what the client has sent behind its request, valid until the next call
 * on the loop. The exchange is over after success. Fails when the client does not take the head: then answer nothing,
 * the connection is closed after exchange_abort.
 */
int exchange_hijack(struct exchange *x, const char *type, int *out_fd, struct buf *out_extra,
		    struct err *err) must_check;

/*
 * The same in two steps, for what comes before the connection is given away: writes the head; exchange_write then sends
 * bytes as they are, and exchange_end closes the connection, or exchange_hijack gives it away once `emptied` was
 * called.
 */
void exchange_stream_raw(struct exchange *x, const char *type);

/* --- helpers of handlers --- */

/*
 * Decodes the JSON body strictly into the zeroed struct. An absent body is -EINVAL unless optional. Answers the client
 * and returns false when it fails.
 */
bool exchange_decode(struct exchange *x, const struct json_table *table, bool optional, void *out_struct);
