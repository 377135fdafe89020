/*
 * How a body lies in an HTTP/1.1 stream (RFC 9112): by its length, in chunks, or up to the end of the connection. For
 * requests and answers alike; a pure state machine that reads any pieces.
 *
 * Strict where laxness has let requests be smuggled: CRLF line ends only, bounded sizes and lines. Extensions and
 * trailers are read over.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

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

#define HTTP_BODY_TO_END UINT64_MAX /* a length: the body ends with the connection */

void http_body_start(struct http_body *body, bool chunked, uint64_t length);

/*
 * The next piece of payload in data: out_piece and out_piece_size (0: none in these bytes), after which out_used bytes
 * of data are dealt with. -EINVAL for bad framing. Call again with the rest until all is used or the state is done.
 */
int http_body_read(struct http_body *body, const char *data, size_t size, size_t *out_used, const char **out_piece,
		   size_t *out_piece_size, struct err *err) must_check;

/* Gives back the last `size` bytes of the piece that http_body_read gave out; they will be read again. */
void http_body_return(struct http_body *body, size_t size);
