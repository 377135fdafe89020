#include "api/connection.h"
#include "api/route.h"

#include "base/log.h"
#include "base/text.h"
#include "docker/error.h"
#include "docker/system.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {413, "Request Entity Too Large"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
};

static const char *status_reason(unsigned status)
{
	for (size_t i = 0; i < array_size(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

/* The fields that every answer has, as Docker's. */
static void fields_write(struct buf *out)
{
	char date[64];
	time_t now = time(NULL);
	struct tm tm;
	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(out,
		   "Api-Version: " DOCKER_API_VERSION "\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
		   "Server: tug/" TUG_VERSION " (linux)\r\nDate: %s\r\n",
		   date);
}

enum { LENGTH_NONE = -1, LENGTH_CHUNKED = -2 };

static void head_write(struct connection *c, unsigned status, const char *type, int64_t length)
{
	buf_printf(&c->out, "HTTP/1.1 %u %s\r\n", status, status_reason(status));
	fields_write(&c->out);
	if (type)
		buf_printf(&c->out, "Content-Type: %s\r\n", type);
	if (length >= 0)
		buf_printf(&c->out, "Content-Length: %lld\r\n", (long long)length);
	else if (length == LENGTH_CHUNKED)
		buf_text(&c->out, "Transfer-Encoding: chunked\r\n");
	/* A body that is still on its way is not worth reading to its end. */
	if (c->body.state != HTTP_BODY_DONE && !(c->streaming && c->state == CONNECTION_BODY))
		c->last = true;
	if (c->last)
		buf_text(&c->out, "Connection: close\r\n");
	else if (c->head.minor == 0)
		buf_text(&c->out, "Connection: keep-alive\r\n");
	buf_append(&c->out, buf_str(&c->fields), c->fields.len);
	buf_text(&c->out, "\r\n");
}

static void answer_over(struct connection *c)
{
	c->active = false;
	c->answered = true;
	if (c->out.overflow)
		c->aborted = true;
	connection_schedule(c);
}

static struct connection *answer_begin(struct exchange *x)
{
	struct connection *c = connection_of(x);
	if (!c->active || c->streaming)
		BUG("a second answer to %s", x->path ? x->path : "a request");
	return c;
}

void exchange_data(struct exchange *x, unsigned status, const char *type, const char *data, size_t size)
{
	struct connection *c = answer_begin(x);
	head_write(c, status, type, (int64_t)size);
	if (!text_equal(c->head.method, "HEAD"))
		buf_append(&c->out, data, size);
	answer_over(c);
}

void exchange_empty(struct exchange *x, unsigned status)
{
	struct connection *c = answer_begin(x);
	head_write(c, status, NULL, status == 204 || status == 304 ? LENGTH_NONE : 0);
	answer_over(c);
}

void exchange_json(struct exchange *x, unsigned status, const struct buf *text)
{
	struct err err;
	if (buf_check(text, "the answer", &err) < 0) {
		exchange_refuse(x, 500, "%s", err.msg);
		return;
	}
	exchange_data(x, status, "application/json", buf_str(text), text->len);
}

void exchange_struct(struct exchange *x, unsigned status, const struct json_table *table, const void *structure)
{
	auto_buf text = BUF_INIT(EXCHANGE_ANSWER_MAX / 2);
	json_encode(&text, table, structure);
	buf_char(&text, '\n'); /* as Go's encoder */
	exchange_json(x, status, &text);
}

void exchange_field(struct exchange *x, const char *name, const char *value)
{
	buf_printf(&connection_of(x)->fields, "%s: %s\r\n", name, value);
}

void exchange_refuse(struct exchange *x, unsigned status, const char *format, ...)
{
	auto_buf text = BUF_INIT(8 << 10);
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	exchange_struct(x, status, &table_error_message, &(struct error_message){(char *)buf_str(&text)});
}

void exchange_fail(struct exchange *x, const struct err *err)
{
	unsigned status = error_status(err->code);
	if (status == 500)
		log_error(LOG_LEVEL_ERROR, err, "request failed", "method", x->head->method, "path", x->path, NULL);
	if (status == 304)
		exchange_empty(x, status);
	else
		exchange_refuse(x, status, "%s", err->msg);
}

/* --- streams --- */

void exchange_stream(struct exchange *x, unsigned status, const char *type)
{
	struct connection *c = answer_begin(x);
	c->streaming = true;
	c->chunked = c->head.minor > 0;
	if (!c->chunked)
		c->last = true;
	head_write(c, status, type, c->chunked ? LENGTH_CHUNKED : LENGTH_NONE);
	connection_schedule(c);
}

bool exchange_streams(const struct exchange *x)
{
	return connection_of((struct exchange *)x)->streaming;
}

size_t exchange_room(const struct exchange *x)
{
	const struct connection *c = connection_of((struct exchange *)x);
	size_t waiting = c->out.len - c->sent;
	return waiting < EXCHANGE_ROOM ? EXCHANGE_ROOM - waiting : 0;
}

void exchange_write(struct exchange *x, const void *data, size_t size)
{
	struct connection *c = connection_of(x);
	if (size == 0)
		return; /* an empty chunk would be the last */
	if (c->chunked)
		buf_printf(&c->out, "%zx\r\n", size);
	buf_append(&c->out, data, size);
	if (c->chunked)
		buf_text(&c->out, "\r\n");
	if (c->out.overflow)
		c->aborted = true;
	if (exchange_room(x) == 0)
		c->filled = true;
	connection_schedule(c);
}

void exchange_end(struct exchange *x)
{
	struct connection *c = connection_of(x);
	if (c->chunked)
		buf_text(&c->out, "0\r\n\r\n");
	answer_over(c);
}

void exchange_abort(struct exchange *x)
{
	struct connection *c = connection_of(x);
	c->active = false;
	c->aborted = true;
	connection_schedule(c);
}

void exchange_body_resume(struct exchange *x)
{
	struct connection *c = connection_of(x);
	c->body_rests = false;
	connection_schedule(c);
}

static void raw_head_write(struct connection *c, struct buf *out, const char *type)
{
	if (c->head.upgrade_tcp)
		buf_printf(out, "HTTP/1.1 101 UPGRADED\r\nContent-Type: %s\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n",
			   type);
	else
		buf_printf(out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n", type);
	fields_write(out);
	buf_text(out, "\r\n");
}

void exchange_stream_raw(struct exchange *x, const char *type)
{
	struct connection *c = answer_begin(x);
	c->streaming = c->last = true;
	raw_head_write(c, &c->out, type);
	connection_schedule(c);
}

/* All before the head is sent, so that the socket's buffer takes this little; if not, nobody reads. */
static int raw_head_send(struct connection *c, const char *type, struct err *err)
{
	auto_buf head = BUF_INIT(4 << 10);
	raw_head_write(c, &head, type);
	ssize_t size = send(c->io.fd, head.data, head.len, MSG_NOSIGNAL);
	if (size < 0)
		return err_sys(err, "the client does not read");
	return (size_t)size == head.len ? 0 : err_set(err, EPIPE, "the client does not read");
}

int exchange_hijack(struct exchange *x, const char *type, int *out_fd, struct buf *out_extra, struct err *err)
{
	struct connection *c = connection_of(x);
	if (!c->active)
		BUG("a second answer to %s", x->path ? x->path : "a request");
	if (c->out.len > 0)
		return err_set(err, EPIPE, "the client does not read");
	int rc = c->streaming ? 0 : raw_head_send(c, type, err);
	if (rc < 0)
		return rc;
	*out_fd = c->io.fd;
	loop_io_remove(&c->io);
	c->io.fd = -1;
	c->active = false;
	c->state = CONNECTION_GIVEN;
	buf_append(out_extra, buf_str(&c->in), c->in.len);
	connection_schedule(c);
	return 0;
}

/* --- begin --- */

bool exchange_decode(struct exchange *x, const struct json_table *table, bool optional, void *out_struct)
{
	struct err err;
	const char *type = http_head_field(x->head, "Content-Type");
	if (x->body.len == 0) {
		if (optional)
			return true;
		exchange_refuse(x, 400, "invalid JSON: got EOF while reading request body");
		return false;
	}
	if (!type || (!text_equal(type, "application/json") && !text_after(type, "application/json;"))) {
		exchange_refuse(x, 400, "unsupported Content-Type header (%s): must be 'application/json'",
				type ? type : "");
		return false;
	}
	if (json_load(&x->arena, table, x->body.data, x->body.len, "invalid JSON", JSON_FOLD_CASE, out_struct, &err) <
	    0) {
		exchange_refuse(x, 400, "%s", err.msg);
		return false;
	}
	return true;
}

/* "Allow" lists the methods that the path has. */
static void method_refuse(struct exchange *x)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
	auto_buf allow = BUF_INIT(256);
	for (size_t i = 0; i < array_size(methods); i++) {
		const struct route *route;
		const char *name;
		if (route_find(&x->arena, methods[i], x->path, x->minor, &route, &name) == ROUTE_FOUND)
			buf_printf(&allow, "%s%s", allow.len ? ", " : "", methods[i]);
	}
	exchange_field(x, "Allow", buf_str(&allow));
	exchange_refuse(x, 405, "method %s is not allowed for %s: use %s", x->head->method, x->path, buf_str(&allow));
}

bool exchange_begin(struct exchange *x)
{
	struct err err;
	bool plain;
	const char *target = x->head->target, *mark = strchr(target, '?'), *whole, *path;
	size_t size = mark ? (size_t)(mark - target) : strlen(target);
	x->path = target;
	if (path_decode(&x->arena, target, size, &whole, &err) < 0 ||
	    query_parse(&x->arena, mark ? mark + 1 : NULL, &x->query, &err) < 0) {
		exchange_refuse(x, 400, "%s", err.msg);
		return false;
	}
	x->path = whole;
	if (route_version(whole, &path, &x->minor, &plain, &err) < 0) {
		if (plain)
			exchange_data(x, 400, "text/plain; charset=utf-8", err.msg, strlen(err.msg));
		else
			exchange_refuse(x, 400, "%s", err.msg);
		return false;
	}
	x->path = path;
	log_debug("request", "method", x->head->method, "path", path);
	enum route_result result = route_find(&x->arena, x->head->method, path, x->minor, &x->route, &x->name);
	if (result == ROUTE_METHOD)
		method_refuse(x);
	else if (result == ROUTE_UNKNOWN)
		exchange_refuse(x, 404, "page not found");
	else if (x->route->flags & ROUTE_ABSENT)
		exchange_refuse(x, 501, "%s: known, but not supported yet", x->route->what);
	else
		return true;
	return false;
}
