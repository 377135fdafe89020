/*
 * The head of an HTTP/1.1 request and the framing of its body (RFC 9112), as pure functions.
 *
 * Strict where laxness has let requests be smuggled: CRLF line ends only, no folded lines, no space before a colon, one
 * Content-Length, never together with Transfer-Encoding, chunked as the only transfer coding. Sizes are bounded.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { HTTP_HEAD_MAX = 64 << 10, HTTP_FIELDS_MAX = 100, HTTP_METHOD_MAX = 16 };

struct http_field {
	const char *name;
	const char *value; /* without white space around it */
};

struct http_head {
	const char *method;
	const char *target; /* as sent: "/path?query" */
	int minor;	    /* HTTP/1.minor: 0 or 1 */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	bool keep_alive;
	bool expect_continue;
	bool upgrade_tcp; /* Connection: Upgrade with Upgrade: tcp */
	bool chunked;
	bool has_length;
	uint64_t length;
};

/*
 * The size of the head at the start of data, its empty line included; 0 when it is not complete yet. searched is how
 * much of data was looked at by an earlier call.
 */
size_t http_head_size(const char *data, size_t size, size_t searched);

/*
 * Reads a complete head of `size` bytes. The strings of out_head point into data, which is changed. -EINVAL for what is
 * not HTTP, -E2BIG for too many fields, -EOPNOTSUPP for versions and codings that are not done.
 */
int http_head_parse(char *data, size_t size, struct http_head *out_head, struct err *err) must_check;

const char *http_head_field(const struct http_head *head, const char *name); /* without regard to case; NULL */

/* Where in a body the reader is. Start with http_body_start. */
struct http_body {
	enum http_body_state {
		HTTP_BODY_LENGTH,
		HTTP_BODY_CHUNK_SIZE,
		HTTP_BODY_CHUNK_EXTENSION,
		HTTP_BODY_CHUNK_SIZE_LF,
		HTTP_BODY_CHUNK_DATA,
		HTTP_BODY_CHUNK_CR,
		HTTP_BODY_CHUNK_LF,
		HTTP_BODY_TRAILER_START,
		HTTP_BODY_TRAILER,
		HTTP_BODY_TRAILER_LF,
		HTTP_BODY_END_LF,
		HTTP_BODY_DONE,
	} state;
	uint64_t left;	 /* bytes of the body or of the chunk */
	uint32_t digits; /* of the chunk size; later bytes of extension and trailer lines, which are bounded together */
};

void http_body_start(struct http_body *body, const struct http_head *head);

/*
 * The next piece of payload in data: out_piece and out_piece_size (0: none in these bytes), after which out_used bytes
 * of data are dealt with. -EINVAL for bad framing. Call again with the rest until all is used or the state is done.
 */
int http_body_read(struct http_body *body, const char *data, size_t size, size_t *out_used, const char **out_piece,
		   size_t *out_piece_size, struct err *err) must_check;

/* Gives back the last `size` bytes of the piece that http_body_read gave out; they will be read again. */
void http_body_return(struct http_body *body, size_t size);
