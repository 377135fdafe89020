/* The server with routes of its own (the linker takes these instead of routes.c) and clients on socket pairs. */
#include "api/api.h"
#include "api/connection.h"
#include "api/route.h"

#include "base/text.h"
#include "docker/shape.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>

static struct err err;
static struct loop *loop;
static struct api *api;
static int client = -1;
static int gone_count;
static struct exchange *pending;
static struct buf received = BUF_INIT(8 << 20);
static struct buf extra = BUF_INIT(1 << 16);
static int given = -1;

/* --- handlers --- */

static void handle_plain(struct exchange *x)
{
	exchange_data(x, 200, "text/plain", "OK", 2);
}

static void handle_name(struct exchange *x)
{
	exchange_data(x, 200, "text/plain", x->name, strlen(x->name));
}

static void handle_json(struct exchange *x)
{
	struct id_response request = {0};
	if (exchange_decode(x, &table_id_response, false, &request))
		exchange_struct(x, 201, &table_id_response, &request);
}

static void handle_fail(struct exchange *x)
{
	struct err failure;
	err_set(&failure, ENOENT, "No such container: x");
	exchange_fail(x, &failure);
}

static void pending_gone(struct exchange *x)
{
	CHECK(x == pending);
	pending = NULL;
	gone_count++;
}

static void handle_wait(struct exchange *x)
{
	pending = x;
	x->gone = pending_gone;
}

/* Streams numbers, as many as the reader takes. */
static size_t numbers_next, numbers_end;
static void numbers_pump(struct exchange *x)
{
	while (exchange_room(x) > 0 && numbers_next < numbers_end) {
		char text[32];
		exchange_write(x, text, (size_t)snprintf(text, sizeof text, "%zu\n", numbers_next++));
	}
	if (numbers_next == numbers_end)
		exchange_end(x);
}

static void handle_numbers(struct exchange *x)
{
	numbers_next = 0;
	x->drained = numbers_pump;
	exchange_stream(x, 200, "text/plain");
	numbers_pump(x);
}

static struct buf upload = BUF_INIT(8 << 20);
static size_t upload_step(struct exchange *x, const char *data, size_t size)
{
	size_t taken = size < 1000 ? size : 1000;
	(void)x;
	buf_append(&upload, data, taken);
	return taken;
}

static void upload_end(struct exchange *x)
{
	pending = NULL;
	exchange_data(x, 200, "text/plain", "end", 3);
}

static void handle_upload(struct exchange *x)
{
	pending = x;
	x->gone = pending_gone;
	x->body_data = upload_step;
	x->body_end = upload_end;
}

static void handle_hijack(struct exchange *x)
{
	CHECK_OK(exchange_hijack(x, "application/vnd.docker.raw-stream", &given, &extra, &err));
}

const struct route routes[] = {
    {"GET", "/plain", handle_plain, 24, 0, NULL},
    {"HEAD", "/plain", handle_plain, 24, 0, NULL},
    {"GET", "/late", handle_plain, 40, 0, NULL},
    {"GET", "/images/{}/json", handle_name, 24, 0, NULL},
    {"GET", "/numbers", handle_numbers, 24, 0, NULL},
    {"GET", "/fail", handle_fail, 24, 0, NULL},
    {"POST", "/json", handle_json, 24, ROUTE_BODY, NULL},
    {"POST", "/wait", handle_wait, 24, 0, NULL},
    {"POST", "/upload", handle_upload, 24, ROUTE_BODY_STREAM, NULL},
    {"POST", "/hijack", handle_hijack, 24, ROUTE_HIJACK, NULL},
    {"POST", "/absent", NULL, 24, ROUTE_ABSENT, "the absent thing"},
};
const size_t route_count = array_size(routes);

/* --- the other side --- */

static void start(void)
{
	int pair[2];
	struct api_config config = {0};
	CHECK_OK(loop_new(&loop, &err));
	CHECK_OK(api_open(loop, NULL, &config, &api, &err));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	client = pair[0];
	connection_open(api, pair[1], false);
}

static void stop(void)
{
	api_close(api);
	loop_free(loop);
	if (client >= 0)
		close(client);
	buf_done(&received);
	buf_done(&upload);
	buf_done(&extra);
}

/* Lets the server work until nothing moves; collects what it sends. */
static void turn(bool reads)
{
	for (int quiet = 0; quiet < 40; quiet++) {
		CHECK_OK(loop_once(loop, 0, &err));
		ssize_t size = 0;
		if (reads) {
			char *room = buf_room(&received, 1 << 16);
			size = recv(client, room, 1 << 16, 0);
		}
		if (size > 0) {
			buf_grown(&received, (size_t)size);
			quiet = 0;
		}
	}
}

static const char *ask(const char *request)
{
	buf_reset(&received);
	CHECK(send(client, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
	turn(true);
	return buf_str(&received);
}

#define H " HTTP/1.1\r\nHost: x\r\n"

TEST(answer_has_dockers_headers)
{
	start();
	const char *answer = ask("GET /plain" H "\r\n");
	CHECK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
	CHECK_CONTAINS(answer, "\r\nApi-Version: 1.56\r\n");
	CHECK_CONTAINS(answer, "\r\nOstype: linux\r\n");
	CHECK_CONTAINS(answer, "\r\nDocker-Experimental: false\r\n");
	CHECK_CONTAINS(answer, "\r\nServer: tug/");
	CHECK_CONTAINS(answer, "\r\nContent-Length: 2\r\n");
	CHECK_CONTAINS(answer, "\r\n\r\nOK");
	stop();
}

TEST(connection_is_used_again)
{
	start();
	for (int i = 0; i < 3; i++)
		CHECK_CONTAINS(ask("GET /v1.24/plain" H "\r\n"), "\r\n\r\nOK");
	const char *answer = ask("GET /plain" H "\r\nGET /images/a/b:c/json" H "\r\n");
	CHECK_CONTAINS(answer, "\r\n\r\nOKHTTP/1.1 200 OK\r\n");
	CHECK_CONTAINS(answer, "\r\n\r\na/b:c");
	CHECK_INT(api->count, 1);
	stop();
}

TEST(request_may_come_byte_by_byte)
{
	start();
	const char *request = "POST /json" H "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "5\r\n{\"Id\"\r\n5\r\n:\"x\"}\r\n0\r\n\r\n";
	const char *answer = "";
	for (const char *c = request; *c; c++) {
		CHECK_STR(answer, "");
		answer = ask((char[]){*c, 0});
	}
	CHECK_CONTAINS(answer, "HTTP/1.1 201 Created\r\n");
	CHECK_CONTAINS(answer, "{\"Id\":\"x\"}\n");
	stop();
}

TEST(head_has_no_body)
{
	start();
	const char *answer = ask("HEAD /plain" H "\r\n");
	CHECK_CONTAINS(answer, "Content-Length: 2\r\n");
	CHECK(text_ends(answer, "\r\n\r\n"));
	CHECK_CONTAINS(ask("GET /plain" H "\r\n"), "\r\n\r\nOK");
	stop();
}

TEST(what_is_not_there_is_said)
{
	start();
	CHECK_CONTAINS(ask("GET /nothing" H "\r\n"), "{\"message\":\"page not found\"}");
	CHECK_CONTAINS(buf_str(&received), "HTTP/1.1 404 ");
	CHECK_CONTAINS(ask("GET /v1.39/late" H "\r\n"), "HTTP/1.1 404 ");
	CHECK_CONTAINS(ask("GET /v1.40/late" H "\r\n"), "HTTP/1.1 200 ");
	CHECK_CONTAINS(ask("DELETE /plain" H "\r\n"), "HTTP/1.1 405 ");
	CHECK_CONTAINS(buf_str(&received), "Allow: GET, HEAD\r\n");
	CHECK_CONTAINS(ask("POST /absent" H "\r\n"), "HTTP/1.1 501 ");
	CHECK_CONTAINS(buf_str(&received), "the absent thing: known, but not supported yet");
	CHECK_CONTAINS(ask("GET /fail" H "\r\n"), "HTTP/1.1 404 ");
	CHECK_CONTAINS(buf_str(&received), "{\"message\":\"No such container: x\"}");
	stop();
}

TEST(versions_have_bounds)
{
	start();
	CHECK_CONTAINS(ask("GET /v1.23/plain" H "\r\n"), "HTTP/1.1 400 ");
	CHECK_CONTAINS(buf_str(&received),
		       "\r\n\r\nclient version 1.23 is too old. Minimum supported API version is 1.24, "
		       "please upgrade your client to a newer version");
	CHECK_CONTAINS(ask("GET /v1.99/plain" H "\r\n"),
		       "{\"message\":\"client version 1.99 is too new. Maximum supported API version is 1.56\"}");
	CHECK_CONTAINS(ask("GET /v2/plain" H "\r\n"), "too new");
	CHECK_CONTAINS(ask("GET /v99999999999.1/plain" H "\r\n"), "HTTP/1.1 404 ");
	CHECK_CONTAINS(ask("GET /vx/plain" H "\r\n"), "HTTP/1.1 404 ");
	stop();
}

TEST(bad_requests_end_the_connection)
{
	start();
	CHECK_CONTAINS(ask("GET /plain HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 ");
	CHECK_CONTAINS(buf_str(&received), "Connection: close\r\n");
	CHECK_CONTAINS(buf_str(&received), "missing required Host header");
	shutdown(client, SHUT_WR);
	turn(true);
	CHECK_INT(api->count, 0);
	stop();
}

TEST(large_head_is_refused)
{
	start();
	auto_buf request = BUF_INIT(1 << 20);
	buf_text(&request, "GET /plain HTTP/1.1\r\nX: ");
	while (request.len <= HTTP_HEAD_MAX)
		buf_char(&request, 'x');
	CHECK_CONTAINS(ask(request.data), "HTTP/1.1 431 ");
	stop();
}

TEST(json_body_is_checked)
{
	start();
	CHECK_CONTAINS(ask("POST /json" H "\r\n"), "invalid JSON: got EOF while reading request body");
	CHECK_CONTAINS(ask("POST /json" H "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
		       "unsupported Content-Type header (text/plain): must be 'application/json'");
	CHECK_CONTAINS(ask("POST /json" H "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{]"),
		       "HTTP/1.1 400 ");
	CHECK_CONTAINS(buf_str(&received), "invalid JSON");
	CHECK_CONTAINS(ask("POST /json" H "Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"Id\":1}"),
		       "HTTP/1.1 400 ");
	CHECK_CONTAINS(ask("POST /json" H "Content-Length: 5000000\r\n\r\n"), "HTTP/1.1 413 ");
	stop();
}

TEST(continue_is_answered)
{
	start();
	const char *answer = ask("POST /json" H "Expect: 100-continue\r\nContent-Type: application/json\r\n"
				 "Content-Length: 2\r\n\r\n");
	CHECK_STR(answer, "HTTP/1.1 100 Continue\r\n\r\n");
	CHECK_CONTAINS(ask("{}"), "HTTP/1.1 201 Created\r\n");
	stop();
}

TEST(handler_may_answer_later)
{
	start();
	CHECK_STR(ask("POST /wait" H "\r\nGET /plain" H "\r\n"), "");
	CHECK(pending);
	exchange_data(pending, 200, "text/plain", "late", 4);
	turn(true);
	CHECK_CONTAINS(buf_str(&received), "\r\n\r\nlateHTTP/1.1 200 OK");
	stop();
}

TEST(handler_hears_that_the_client_is_gone)
{
	start();
	CHECK_STR(ask("POST /wait" H "\r\n"), "");
	close(client);
	client = -1;
	CHECK_OK(loop_once(loop, 0, &err));
	CHECK_INT(gone_count, 1);
	CHECK_INT(api->count, 0);
	stop();
}

TEST(half_closed_client_gets_its_answer)
{
	start();
	const char *request = "POST /wait" H "\r\n";
	CHECK(send(client, request, strlen(request), 0) > 0);
	shutdown(client, SHUT_WR);
	turn(true);
	CHECK_INT(gone_count, 0);
	exchange_data(pending, 200, "text/plain", "late", 4);
	turn(true);
	CHECK_CONTAINS(buf_str(&received), "\r\n\r\nlate");
	CHECK_INT(api->count, 0);
	stop();
}

TEST(close_of_the_server_tells_handlers)
{
	start();
	CHECK_STR(ask("POST /wait" H "\r\n"), "");
	stop();
	CHECK_INT(gone_count, 1);
}

/* Takes the chunks away. */
static void unchunk(struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strstr(buf_str(&received), "\r\n\r\n") + 4;
	for (;;) {
		size_t size = 0;
		for (; *at != '\r'; at++) {
			const char *digit = strchr(digits, *at);
			CHECK(digit);
			size = size << 4 | (size_t)(digit - digits);
		}
		if (size == 0)
			return;
		buf_append(out, at + 2, size);
		at += 2 + size + 2;
	}
}

TEST(slow_reader_gets_everything_and_holds_little)
{
	start();
	numbers_end = 300000;
	const char *request = "GET /numbers" H "\r\n";
	CHECK(send(client, request, strlen(request), 0) > 0);
	turn(false);
	CHECK(numbers_next > 0 && numbers_next < 200000);
	CHECK(api->first->out.len <= 2 * EXCHANGE_ROOM);
	turn(true);
	auto_buf text = BUF_INIT(8 << 20);
	unchunk(&text);
	const char *at = buf_str(&text);
	for (size_t i = 0; i < numbers_end; i++) {
		char line[32];
		snprintf(line, sizeof line, "%zu\n", i);
		at = text_after(at, line);
		CHECK(at);
	}
	CHECK(*at == 0);
	CHECK_CONTAINS(ask("GET /plain" H "\r\n"), "\r\n\r\nOK");
	stop();
}

TEST(old_client_gets_a_stream_without_chunks)
{
	start();
	numbers_end = 3;
	CHECK_CONTAINS(ask("GET /numbers HTTP/1.0\r\n\r\n"), "\r\n\r\n0\n1\n2\n");
	CHECK(!strstr(buf_str(&received), "chunked"));
	stop();
}

TEST(streamed_body_waits_for_its_taker)
{
	start();
	auto_buf request = BUF_INIT(1 << 20);
	buf_text(&request, "POST /upload" H "Transfer-Encoding: chunked\r\n\r\n");
	auto_buf sent = BUF_INIT(1 << 20);
	for (int i = 0; i < 20; i++) {
		char line[4096];
		memset(line, 'a' + i, sizeof line);
		buf_printf(&request, "%zx\r\n", sizeof line);
		buf_append(&request, line, sizeof line);
		buf_append(&sent, line, sizeof line);
		buf_text(&request, "\r\n");
	}
	buf_text(&request, "0\r\n\r\n");
	CHECK_STR(ask(request.data), "");
	CHECK_INT(upload.len, 1000);
	while (pending) {
		exchange_body_resume(pending);
		turn(true);
	}
	CHECK_CONTAINS(buf_str(&received), "\r\n\r\nend");
	CHECK_STR(upload.data, sent.data);
	stop();
}

TEST(streamed_body_may_be_empty)
{
	start();
	CHECK_CONTAINS(ask("POST /upload" H "\r\n"), "\r\n\r\nend");
	stop();
}

TEST(upload_that_breaks_off_is_told)
{
	start();
	CHECK_STR(ask("POST /upload" H "Content-Length: 100\r\n\r\nhalf"), "");
	shutdown(client, SHUT_WR);
	turn(true);
	CHECK_INT(gone_count, 1);
	CHECK_INT(api->count, 0);
	stop();
}

TEST(hijack_upgrades_when_asked)
{
	start();
	const char *answer = ask("POST /hijack" H "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst bytes");
	CHECK(strncmp(answer, "HTTP/1.1 101 UPGRADED\r\n", 23) == 0);
	CHECK_CONTAINS(answer,
		       "Content-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n");
	CHECK_STR(buf_str(&extra), "first bytes");
	CHECK_INT(api->count, 0);
	CHECK(send(given, "hello", 5, 0) == 5);
	char text[6] = "";
	CHECK(recv(client, text, 5, 0) == 5);
	CHECK_STR(text, "hello");
	close(given);
	stop();
}

TEST(hijack_is_plain_otherwise)
{
	start();
	const char *answer = ask("POST /hijack" H "\r\n");
	CHECK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
	CHECK(!strstr(answer, "Upgrade"));
	CHECK(given >= 0);
	close(given);
	stop();
}
