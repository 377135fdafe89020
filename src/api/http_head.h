/*
 * The head of an HTTP/1.1 request (RFC 9112), as a pure function. The body is base/http_body.h's.
 *
 * Strict where laxness has let requests be smuggled: CRLF line ends only, no folded lines, no space before a colon, one
 * Content-Length, never together with Transfer-Encoding, chunked as the only transfer coding. Sizes are bounded.
 */
#pragma once

#include "base/error.h"
#include "base/http_body.h"

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
