#include "cli/client.h"

#include "base/fd.h"
#include "base/text.h"
#include "docker/error.h"
#include "docker/system.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* --- endpoints --- */

int endpoint_parse(const char *text, struct endpoint *out_endpoint, struct err *err)
{
	struct endpoint endpoint = {0};
	const char *path = text[0] == '/' ? text : text_after(text, "unix://");
	const char *host = text_after(text, "tcp://");
	if (path) {
		if (path[0] != '/' || strlen(path) >= sizeof endpoint.path)
			return err_set(err, EINVAL, "invalid endpoint \"%s\": not the path of a socket", text);
		snprintf(endpoint.text, sizeof endpoint.text, "unix://%s", path);
		snprintf(endpoint.path, sizeof endpoint.path, "%s", path);
	} else if (host) {
		const char *colon = strrchr(host, ':');
		bool plain = !colon || strchr(colon, ']');
		size_t size = plain ? strlen(host) : (size_t)(colon - host);
		if (size == 0 || size >= sizeof endpoint.path ||
		    (!plain && (strlen(colon + 1) > 5 || !text_is_digits(colon + 1))))
			return err_set(err, EINVAL, "invalid endpoint \"%s\": tcp://HOST:PORT", text);
		bool brackets = host[0] == '[' && host[size - 1] == ']';
		endpoint.tcp = true;
		snprintf(endpoint.text, sizeof endpoint.text, "%s", text);
		snprintf(endpoint.path, sizeof endpoint.path, "%.*s", (int)(brackets ? size - 2 : size),
			 host + brackets);
		snprintf(endpoint.port, sizeof endpoint.port, "%s", plain ? "2375" : colon + 1);
	} else {
		return err_set(err, EINVAL, "invalid endpoint \"%s\": unix:///PATH or tcp://HOST:PORT", text);
	}
	*out_endpoint = endpoint;
	return 0;
}

static int tcp_connect(const struct endpoint *endpoint, int *out_fd, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo(endpoint->path, endpoint->port, &hints, &list);
	if (rc != 0)
		return err_set(err, EHOSTUNREACH, "%s: %s", endpoint->path, gai_strerror(rc));
	int fd = -1, code = EHOSTUNREACH, on = 1;
	for (struct addrinfo *item = list; item && fd < 0; item = item->ai_next) {
		fd = socket(item->ai_family, item->ai_socktype | SOCK_CLOEXEC, item->ai_protocol);
		if (fd >= 0 && connect(fd, item->ai_addr, item->ai_addrlen) == 0)
			break;
		code = errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return err_set(err, code, "connect to %s: %s", endpoint->text, strerror(code));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*out_fd = fd;
	return 0;
}

int endpoint_connect(const struct endpoint *endpoint, int *out_fd, struct err *err)
{
	if (endpoint->tcp)
		return tcp_connect(endpoint, out_fd, err);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, endpoint->path, strlen(endpoint->path) + 1);
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(err, "connect to %s", endpoint->text);
	*out_fd = take_fd(&fd);
	return 0;
}

/* --- requests --- */

void path_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		char c = *text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~", c))
			buf_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

void client_init(struct client *client, const struct endpoint *endpoint)
{
	*client = (struct client){.endpoint = *endpoint,
				  .stream = {.fd = -1, .in = BUF_INIT(HTTP_RESPONSE_MAX + CLIENT_READ)}};
}

void client_stream_done(struct client_stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	buf_done(&stream->in);
}

void client_done(struct client *client)
{
	client_stream_done(&client->stream);
	arena_done(&client->arena);
}

int client_connect(struct client *client, int *out_fd, struct err *err)
{
	int rc = endpoint_connect(&client->endpoint, out_fd, err);
	if ((rc == -ENOENT || rc == -ECONNREFUSED) && client->start) {
		int (*start)(struct client * client, struct err * err) = client->start;
		client->start = NULL;
		rc = start(client, err);
		return rc < 0 ? rc : endpoint_connect(&client->endpoint, out_fd, err);
	}
	if (rc == -EACCES || rc == -EPERM)
		return err_set(err, -rc,
			       "permission denied while trying to connect to the engine at %s: be root, or in the "
			       "group of the socket",
			       client->endpoint.text);
	if (rc < 0)
		return err_set(err, ECONNREFUSED, "Cannot connect to the engine at %s. Is tugd running?",
			       client->endpoint.text);
	return 0;
}

static int request_send(struct client_stream *stream, const struct client_request *request, struct err *err)
{
	auto_buf head = BUF_INIT(CLIENT_BODY_MAX);
	buf_printf(&head, "%s /v" DOCKER_API_VERSION "%s HTTP/1.1\r\nHost: tug\r\nUser-Agent: tug/" TUG_VERSION "\r\n",
		   request->method, request->path);
	if (request->upgrade)
		buf_text(&head, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	if (request->registry_auth)
		buf_printf(&head, "X-Registry-Auth: %s\r\n", request->registry_auth);
	if (request->registry_config)
		buf_printf(&head, "X-Registry-Config: %s\r\n", request->registry_config);
	if (request->json)
		buf_printf(&head, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(request->json));
	else if (request->body || request->made_body)
		buf_text(&head, "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n");
	else if (!text_equal(request->method, "GET"))
		buf_text(&head, "Content-Length: 0\r\n");
	buf_text(&head, "\r\n");
	if (request->json)
		buf_text(&head, request->json);
	int rc = buf_check(&head, "the request", err);
	if (rc < 0)
		return rc;
	rc = fd_write_full(stream->fd, head.data, head.len);
	return rc < 0 ? err_set(err, -rc, "the engine has closed the connection: %s", strerror(-rc)) : 0;
}

/* One chunk; false when the engine reads no more: it may have answered, with an error, before it has read all, and then
 * that is what counts. */
static bool chunk_send(const struct client_stream *stream, const void *data, size_t size)
{
	char line[24];
	int length = snprintf(line, sizeof line, "%zx\r\n", size);
	return fd_write_full(stream->fd, line, (size_t)length) == 0 && fd_write_full(stream->fd, data, size) == 0 &&
	       fd_write_full(stream->fd, "\r\n", 2) == 0;
}

static int body_send(struct client_stream *stream, int body_fd, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	for (;;) {
		ssize_t size = read(body_fd, data, CLIENT_READ);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_sys(err, "read");
		if (!chunk_send(stream, data, (size_t)size) || size == 0)
			return 0;
	}
}

static int made_body_send(const struct client_stream *stream, struct client_body *body, struct err *err)
{
	for (;;) {
		const void *data = NULL;
		size_t size = 0;
		int rc = body->next(body, &data, &size, err);
		if (rc < 0 || !chunk_send(stream, data, size) || size == 0)
			return rc;
	}
}

/* --- answers --- */

static ssize_t stream_fill(struct client_stream *stream, struct err *err)
{
	char *room = buf_room(&stream->in, CLIENT_READ);
	if (!room)
		return err_set(err, EPROTO, "the engine's answer has too large a head");
	ssize_t size;
	do
		size = recv(stream->fd, room, CLIENT_READ, 0);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return err_sys(err, "the engine's answer");
	buf_grown(&stream->in, (size_t)size);
	return size;
}

static int head_read(struct client_stream *stream, bool head_only, struct err *err)
{
	for (;;) {
		size_t size = stream->in.len ? http_response_size(stream->in.data, stream->in.len) : 0;
		if (size == 0) {
			if (stream->in.len > HTTP_RESPONSE_MAX)
				return err_set(err, EPROTO, "the engine's answer has too large a head");
			ssize_t count = stream_fill(stream, err);
			if (count < 0)
				return (int)count;
			if (count == 0)
				return err_set(err, ECONNRESET, "the engine has closed the connection");
			continue;
		}
		int rc = http_response_parse(stream->in.data, size, head_only, &stream->head, err);
		if (rc < 0)
			return rc;
		buf_consume(&stream->in, size);
		if (stream->head.status == 100)
			continue;
		if (stream->head.status == 101)
			stream->head.length = HTTP_BODY_TO_END;
		http_body_start(&stream->body, stream->head.chunked, stream->head.length);
		return 0;
	}
}

ssize_t client_stream_read(struct client_stream *stream, void *data, size_t size, struct err *err)
{
	while (stream->body.state != HTTP_BODY_DONE) {
		if (stream->in.len > 0) {
			size_t used, count;
			const char *piece;
			int rc =
			    http_body_read(&stream->body, stream->in.data, stream->in.len, &used, &piece, &count, err);
			if (rc < 0)
				return rc;
			size_t taken = count < size ? count : size;
			memcpy(data, piece, taken);
			if (taken < count)
				http_body_return(&stream->body, count - taken);
			buf_consume(&stream->in, used - (count - taken));
			if (taken > 0)
				return (ssize_t)taken;
			continue;
		}
		ssize_t count = stream_fill(stream, err);
		if (count < 0)
			return count;
		if (count == 0) {
			if (stream->head.length == HTTP_BODY_TO_END && !stream->head.chunked)
				return 0;
			return err_set(err, EPROTO, "the engine's answer breaks off");
		}
	}
	return 0;
}

int client_stream_all(struct client_stream *stream, struct buf *out, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	ssize_t size;
	while ((size = client_stream_read(stream, data, CLIENT_READ, err)) > 0)
		buf_append(out, data, (size_t)size);
	return size < 0 ? (int)size : buf_check(out, "the engine's answer", err);
}

/* The engine's words for what went wrong. */
static int status_error(struct client_stream *stream, struct err *err)
{
	auto_buf text = BUF_INIT(CLIENT_BODY_MAX);
	auto_arena arena = {0};
	struct error_message message = {0};
	unsigned status = stream->head.status;
	if (client_stream_all(stream, &text, err) < 0)
		return -err->code;
	struct err unreadable;
	if (text.len > 0 &&
	    json_load(&arena, &table_error_message, text.data, text.len, "answer", 0, &message, &unreadable) < 0)
		message.message = text.data;
	if (text_empty(message.message))
		return err_set(err, error_code(status), "the engine answers with status %u", status);
	return err_set(err, error_code(status), "Error response from daemon: %s", message.message);
}

static int request_do(struct client *client, struct client_stream *stream, const struct client_request *request,
		      struct err *err)
{
	int rc = request_send(stream, request, err);
	if (rc == 0 && request->body)
		rc = body_send(stream, request->body_fd, err);
	if (rc == 0 && request->made_body)
		rc = made_body_send(stream, request->made_body, err);
	if (rc == 0)
		rc = head_read(stream, text_equal(request->method, "HEAD"), err);
	(void)client;
	return rc;
}

int client_open(struct client *client, const struct client_request *request, struct client_stream *out_stream,
		struct err *err)
{
	struct client_stream stream = {.fd = -1, .in = BUF_INIT(HTTP_RESPONSE_MAX + CLIENT_READ)};
	int rc = client_connect(client, &stream.fd, err);
	if (rc == 0)
		rc = request_do(client, &stream, request, err);
	if (rc == 0 && stream.head.status >= 300)
		rc = status_error(&stream, err);
	if (rc < 0) {
		client_stream_done(&stream);
		return rc;
	}
	*out_stream = stream;
	return 0;
}

int client_call(struct client *client, const struct client_request *request, const char **out_body, size_t *out_size,
		struct err *err)
{
	struct client_stream *stream = &client->stream;
	int rc = 0;
	for (int round = 0; round < 2; round++) {
		bool kept = stream->fd >= 0;
		rc = kept ? 0 : client_connect(client, &stream->fd, err);
		if (rc < 0)
			return rc;
		rc = request_do(client, stream, request, err);
		/* A kept connection that nobody answers on was closed meanwhile: nothing was done there. */
		if (rc == 0 || !kept || request->body || (rc != -ECONNRESET && rc != -EPIPE))
			break;
		client_stream_done(stream);
	}
	auto_buf text = BUF_INIT(CLIENT_BODY_MAX);
	if (rc == 0)
		rc = stream->head.status >= 300 ? status_error(stream, err) : client_stream_all(stream, &text, err);
	if (stream->body.state != HTTP_BODY_DONE || !stream->head.keep_alive || rc == -EPROTO)
		client_stream_done(stream);
	if (rc < 0)
		return rc;
	if (out_body) {
		*out_body = arena_strndup(&client->arena, buf_str(&text), text.len);
		*out_size = text.len;
	}
	return 0;
}

int client_json(struct client *client, const struct client_request *request, const struct json **out_value,
		struct err *err)
{
	const char *text;
	size_t size;
	int rc = client_call(client, request, &text, &size, err);
	return rc < 0 ? rc : json_parse(&client->arena, text, size, "the engine's answer", out_value, err);
}

int client_struct(struct client *client, const struct client_request *request, const struct json_table *table,
		  void *out_struct, struct err *err)
{
	const struct json *value;
	int rc = client_json(client, request, &value, err);
	return rc < 0 ? rc : json_decode(&client->arena, table, value, JSON_FOLD_CASE, out_struct, err);
}
