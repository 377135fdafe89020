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
