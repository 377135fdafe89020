#include "api/http_head.h"

#include "base/buffer.h"
#include "unit/test.h"

static struct err err;
static struct http_head head;
static char text[HTTP_HEAD_MAX];

static int parse(const char *request)
{
	size_t size = strlen(request);
	memcpy(text, request, size + 1);
	return http_head_parse(text, size, &head, &err);
}

TEST(request_as_the_docker_client_sends_it)
{
	CHECK_OK(parse("POST /v1.50/containers/abc/attach?stream=1 HTTP/1.1\r\nHost: api.moby.localhost\r\n"
		       "User-Agent: Docker-Client/28.2.2 (linux)\r\nContent-Length: 0\r\nConnection: Upgrade\r\n"
		       "Content-Type: text/plain\r\nUpgrade: tcp\r\n\r\n"));
	CHECK_STR(head.method, "POST");
	CHECK_STR(head.target, "/v1.50/containers/abc/attach?stream=1");
	CHECK(head.upgrade_tcp && head.keep_alive && !head.chunked && head.has_length);
	CHECK_STR(http_head_field(&head, "content-type"), "text/plain");
	CHECK(!http_head_field(&head, "Accept"));
}

TEST(keep_alive_depends_on_the_version)
{
	CHECK_OK(parse("GET / HTTP/1.0\r\n\r\n"));
	CHECK(!head.keep_alive);
	CHECK_OK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
	CHECK(head.keep_alive);
	CHECK_OK(parse("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"));
	CHECK(!head.keep_alive);
}

TEST(what_is_not_http_is_refused)
{
	static const char *const bad[] = {
	    "\r\n\r\n",
	    "GET\r\n\r\n",
	    "GET /\r\n\r\n",
	    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
	    "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
	    "GET / HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	for (size_t i = 0; i < array_size(bad); i++) {
		if (parse(bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
	CHECK_ERR(parse("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), EOPNOTSUPP);
	CHECK_ERR(parse("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), EOPNOTSUPP);
	CHECK_ERR(parse("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"), ERANGE);
}

TEST(too_many_headers_are_refused)
{
	auto_buf request = BUF_INIT(sizeof text);
	buf_text(&request, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_text(&request, "X: y\r\n");
	buf_text(&request, "\r\n");
	CHECK_ERR(parse(request.data), E2BIG);
}

TEST(end_of_the_head_is_found_in_any_pieces)
{
	const char *request = "GET / HTTP/1.0\r\n\r\nrest";
	size_t end = strlen(request) - 4;
	for (size_t first = 0; first < strlen(request); first++) {
		size_t size = http_head_size(request, first, 0);
		if (size == 0)
			size = http_head_size(request, strlen(request), first);
		CHECK_INT(size, end);
	}
}

/* Reads a body that comes in pieces of `step` bytes. */
static int body_collect(bool chunked, uint64_t length, const char *data, size_t step, struct buf *out)
{
	struct http_body body;
	http_body_start(&body, &(struct http_head){.chunked = chunked, .length = length});
	size_t size = strlen(data), at = 0;
	while (at < size && body.state != HTTP_BODY_DONE) {
		size_t used, piece_size;
		const char *piece;
		int rc = http_body_read(&body, data + at, size - at < step ? size - at : step, &used, &piece,
					&piece_size, &err);
		if (rc < 0)
			return rc;
		buf_append(out, piece, piece_size);
		at += used;
	}
	return body.state == HTTP_BODY_DONE ? (int)at : 0;
}

TEST(chunks_are_put_together)
{
	const char *data = "5\r\nhello\r\n00a;x=y\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\nnext";
	for (size_t step = 1; step < 60; step++) {
		auto_buf out = BUF_INIT(100);
		CHECK_INT(body_collect(true, 0, data, step, &out), (int)strlen(data) - 4);
		CHECK_STR(out.data, "hello, chunked!");
	}
}

TEST(body_of_a_length_ends_there)
{
	auto_buf out = BUF_INIT(100);
	CHECK_INT(body_collect(false, 5, "hellonext", 3, &out), 5);
	CHECK_STR(out.data, "hello");
}

TEST(bad_chunks_are_refused)
{
	static const char *const bad[] = {
	    "\r\n",	"x\r\n",     "-1\r\n", "5\nhello", "5\r\nhelloX\n", "5\r\nhello\rX", "fffffffffffffffff\r\n",
	    "0\r\n\rX", "0\r\nA\nB", "0x5\r\n"};
	for (size_t i = 0; i < array_size(bad); i++) {
		auto_buf out = BUF_INIT(100);
		if (body_collect(true, 0, bad[i], 100, &out) != -EINVAL)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
}

TEST(payload_that_is_given_back_is_read_again)
{
	static const struct http_head heads[] = {{.length = 5}, {.chunked = true}};
	static const char *const texts[] = {"hello", "5\r\nhello\r\n0\r\n\r\n"};
	for (size_t i = 0; i < 2; i++) {
		struct http_body body;
		size_t used, size;
		const char *piece;
		http_body_start(&body, &heads[i]);
		CHECK_OK(http_body_read(&body, texts[i], strlen(texts[i]), &used, &piece, &size, &err));
		CHECK_INT(size, 5);
		http_body_return(&body, 3);
		used -= 3;
		CHECK_OK(http_body_read(&body, texts[i] + used, strlen(texts[i] + used), &used, &piece, &size, &err));
		CHECK_INT(size, 3);
		CHECK(strncmp(piece, "llo", 3) == 0);
	}
}
