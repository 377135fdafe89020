#include "cli/http_response.h"

#include "unit/test.h"

static struct err err;
static struct http_response response;

static int parse(const char *text)
{
	return http_response_parse(text, strlen(text), false, &response, &err);
}

TEST(answers_of_the_engine)
{
	CHECK_OK(parse("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"));
	CHECK_INT(response.status, 200);
	CHECK_INT(response.length, 12);
	CHECK_STR(response.type, "application/json");
	CHECK(response.keep_alive && !response.chunked);
	CHECK_OK(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"));
	CHECK(response.chunked && !response.keep_alive);
	CHECK_OK(parse("HTTP/1.1 101 UPGRADED\r\n\r\n"));
	CHECK_INT(response.status, 101);
	CHECK_OK(parse("HTTP/1.0 200\r\n\r\n"));
	CHECK(response.length == HTTP_BODY_TO_END && !response.keep_alive);
	CHECK_OK(parse("HTTP/1.1 204 No Content\r\n\r\n"));
	CHECK(response.length == 0 && response.keep_alive);
	CHECK_OK(http_response_parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 38, true, &response, &err));
	CHECK_INT(response.length, 0);
}

TEST(what_is_not_http_is_refused)
{
	static const char *const bad[] = {"\r\n",
					  "SSH-2.0-OpenSSH\r\n\r\n",
					  "HTTP/1.1 20 OK\r\n\r\n",
					  "HTTP/1.1 2000 OK\r\n\r\n",
					  "HTTP/2 200 OK\r\n\r\n",
					  "HTTP/1.1 200 OK\r\nNoColon\r\n\r\n",
					  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
					  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
					  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
					  "HTTP/1.1 099 OK\r\n\r\n",
					  "HTTP/1.1 200 OK"};
	for (size_t i = 0; i < array_size(bad); i++) {
		if (parse(bad[i]) != -EPROTO)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
}
