#include "base/http_body.h"

void http_body_start(struct http_body *body, bool chunked, uint64_t length)
{
	*body = (struct http_body){.left = chunked ? 0 : length};
	if (chunked)
		body->state = HTTP_BODY_CHUNK_SIZE;
	else
		body->state = length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_DONE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum { CHUNK_DIGITS_MAX = 15, LINE_BYTES_MAX = 8192 };

static int chunk_size_step(struct http_body *body, char c, struct err *err)
{
	int digit = hex_digit(c);
	if (digit >= 0) {
		if (++body->digits > CHUNK_DIGITS_MAX)
			return err_set(err, EINVAL, "malformed chunked encoding: the size of a chunk is too large");
		body->left = body->left << 4 | (uint64_t)digit;
		return 0;
	}
	if (body->digits == 0)
		return err_set(err, EINVAL, "malformed chunked encoding: no size of a chunk");
	if (c == '\r')
		body->state = HTTP_BODY_CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		body->state = HTTP_BODY_CHUNK_EXTENSION;
	else
		return err_set(err, EINVAL, "malformed chunked encoding: the size of a chunk");
	return 0;
}

/* One byte of an extension or trailer line, whose content does not matter to us. */
static int skip_step(struct http_body *body, char c, enum http_body_state at_cr, struct err *err)
{
	if (c == '\n' || ++body->digits > LINE_BYTES_MAX)
		return err_set(err, EINVAL, "malformed chunked encoding");
	if (c == '\r')
		body->state = at_cr;
	return 0;
}

/* One byte of the framing between payload. */
static int frame_step(struct http_body *body, char c, struct err *err)
{
	enum http_body_state next;
	switch (body->state) {
	case HTTP_BODY_CHUNK_SIZE:
		return chunk_size_step(body, c, err);
	case HTTP_BODY_CHUNK_EXTENSION:
		return skip_step(body, c, HTTP_BODY_CHUNK_SIZE_LF, err);
	case HTTP_BODY_TRAILER:
		return skip_step(body, c, HTTP_BODY_TRAILER_LF, err);
	case HTTP_BODY_TRAILER_START:
		body->state = c == '\r' ? HTTP_BODY_END_LF : HTTP_BODY_TRAILER;
		return c == '\n' ? err_set(err, EINVAL, "malformed chunked encoding") : 0;
	case HTTP_BODY_CHUNK_CR:
		body->state = HTTP_BODY_CHUNK_LF;
		return c == '\r' ? 0 : err_set(err, EINVAL, "malformed chunked encoding");
	case HTTP_BODY_CHUNK_SIZE_LF:
		next = body->left > 0 ? HTTP_BODY_CHUNK_DATA : HTTP_BODY_TRAILER_START;
		break;
	case HTTP_BODY_CHUNK_LF:
		next = HTTP_BODY_CHUNK_SIZE;
		body->digits = 0;
		break;
	case HTTP_BODY_TRAILER_LF:
		next = HTTP_BODY_TRAILER_START;
		break;
	case HTTP_BODY_END_LF:
		next = HTTP_BODY_DONE;
		break;
	case HTTP_BODY_LENGTH:
	case HTTP_BODY_CHUNK_DATA:
	case HTTP_BODY_DONE:
	default:
		BUG("a body's byte in state %d", body->state);
	}
	body->state = next;
	return c == '\n' ? 0 : err_set(err, EINVAL, "malformed chunked encoding");
}

int http_body_read(struct http_body *body, const char *data, size_t size, size_t *out_used, const char **out_piece,
		   size_t *out_piece_size, struct err *err)
{
	size_t used = 0, piece = 0;
	while (used < size && body->state != HTTP_BODY_DONE) {
		if (body->state == HTTP_BODY_LENGTH || body->state == HTTP_BODY_CHUNK_DATA) {
			piece = size - used < body->left ? size - used : (size_t)body->left;
			body->left -= piece;
			if (body->left == 0)
				body->state = body->state == HTTP_BODY_LENGTH ? HTTP_BODY_DONE : HTTP_BODY_CHUNK_CR;
			break;
		}
		int rc = frame_step(body, data[used++], err);
		if (rc < 0)
			return rc;
	}
	*out_piece = data + used;
	*out_piece_size = piece;
	*out_used = used + piece;
	return 0;
}

void http_body_return(struct http_body *body, size_t size)
{
	if (body->state == HTTP_BODY_DONE)
		body->state = HTTP_BODY_LENGTH;
	else if (body->state == HTTP_BODY_CHUNK_CR)
		body->state = HTTP_BODY_CHUNK_DATA;
	body->left += size;
}
