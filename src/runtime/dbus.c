#include "runtime/dbus.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/id_map.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BUS_NAME "org.freedesktop.DBus"

enum {
	HEAD_SIZE = 16,
	LINE_MAX_SIZE = 512,
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR,
	FIELD_REPLY,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE
};

/* --- writing --- */

void dbus_align(struct buf *body, size_t align)
{
	while (body->len % align != 0)
		buf_char(body, 0);
}

void dbus_put_u32(struct buf *body, uint32_t value)
{
	dbus_align(body, sizeof value);
	buf_append(body, &value, sizeof value);
}

void dbus_put_u64(struct buf *body, uint64_t value)
{
	dbus_align(body, sizeof value);
	buf_append(body, &value, sizeof value);
}

void dbus_put_text(struct buf *body, const char *text)
{
	dbus_put_u32(body, (uint32_t)strlen(text));
	buf_append(body, text, strlen(text) + 1);
}

void dbus_put_signature(struct buf *body, const char *text)
{
	buf_char(body, (char)strlen(text));
	buf_append(body, text, strlen(text) + 1);
}

size_t dbus_put_array(struct buf *body, size_t align)
{
	dbus_put_u32(body, 0);
	size_t begin = body->len;
	dbus_align(body, align);
	return begin;
}

/* The size counts from the first item, behind what aligns it. */
void dbus_end_array(struct buf *body, size_t begin, size_t align)
{
	size_t first = (begin + align - 1) / align * align;
	uint32_t size = (uint32_t)(body->len - first);
	if (!body->overflow)
		memcpy(body->data + begin - sizeof size, &size, sizeof size);
}

static void field_put(struct buf *head, int field, const char *type, const char *text)
{
	if (!text)
		return;
	dbus_align(head, 8);
	buf_char(head, (char)field);
	dbus_put_signature(head, type);
	if (*type == 'g')
		dbus_put_signature(head, text);
	else
		dbus_put_text(head, text);
}

static int call_send(struct dbus *bus, const struct dbus_call *call, struct err *err)
{
	auto_buf head = BUF_INIT(DBUS_MESSAGE_MAX);
	const char start[4] = {'l', DBUS_CALL, 0, 1};
	buf_append(&head, start, sizeof start);
	dbus_put_u32(&head, call->body ? (uint32_t)call->body->len : 0);
	dbus_put_u32(&head, ++bus->serial);
	size_t fields = dbus_put_array(&head, 8);
	field_put(&head, FIELD_PATH, "o", call->path);
	field_put(&head, FIELD_INTERFACE, "s", call->interface);
	field_put(&head, FIELD_MEMBER, "s", call->member);
	field_put(&head, FIELD_DESTINATION, "s", call->destination);
	field_put(&head, FIELD_SIGNATURE, "g", call->body ? call->signature : NULL);
	dbus_end_array(&head, fields, 8);
	dbus_align(&head, 8);
	if (call->body)
		buf_append(&head, call->body->data, call->body->len);
	int rc = buf_check(&head, "the D-Bus message", err);
	if (rc < 0)
		return rc;
	for (size_t sent = 0; sent < head.len;) {
		ssize_t size = send(bus->fd, head.data + sent, head.len - sent, MSG_NOSIGNAL);
		if (size < 0 && errno != EINTR)
			return err_sys(err, "D-Bus: send");
		sent += size > 0 ? (size_t)size : 0;
	}
	return 0;
}

/* --- reading --- */

struct reader {
	const char *data;
	size_t size, at;
	bool bad;
};

static void align(struct reader *reader, size_t to)
{
	reader->at = (reader->at + to - 1) / to * to;
	reader->bad = reader->bad || reader->at > reader->size;
}

static uint32_t take_u32(struct reader *reader)
{
	uint32_t value = 0;
	align(reader, sizeof value);
	if (reader->bad || reader->size - reader->at < sizeof value) {
		reader->bad = true;
		return 0;
	}
	memcpy(&value, reader->data + reader->at, sizeof value);
	reader->at += sizeof value;
	return value;
}

/* The bytes are followed by a NUL and hold none. */
static const char *take_bytes(struct reader *reader, size_t size)
{
	const char *text = reader->data + reader->at;
	if (reader->bad || size >= reader->size - reader->at || text[size] != 0 || memchr(text, 0, size)) {
		reader->bad = true;
		return NULL;
	}
	reader->at += size + 1;
	return text;
}

static const char *take_text(struct reader *reader)
{
	uint32_t size = take_u32(reader);
	return take_bytes(reader, size);
}

static const char *take_signature(struct reader *reader)
{
	if (reader->bad || reader->at >= reader->size) {
		reader->bad = true;
		return NULL;
	}
	unsigned char size = (unsigned char)reader->data[reader->at++];
	return take_bytes(reader, size);
}

/* One field of the header: its code and a value whose type is a string, a path, a signature or a number. */
static void field_take(struct reader *reader, struct dbus_message *message)
{
	const char **const places[] = {[FIELD_PATH] = &message->path,
				       [FIELD_INTERFACE] = &message->interface,
				       [FIELD_MEMBER] = &message->member,
				       [FIELD_ERROR] = &message->error,
				       [FIELD_SIGNATURE] = &message->signature};
	align(reader, 8);
	if (reader->bad || reader->at >= reader->size) {
		reader->bad = true;
		return;
	}
	unsigned char code = (unsigned char)reader->data[reader->at++];
	const char *type = take_signature(reader), *text = NULL;
	if (!type)
		return;
	if (text_equal(type, "u")) {
		uint32_t number = take_u32(reader);
		if (code == FIELD_REPLY)
			message->reply_to = number;
		return;
	}
	if (text_equal(type, "s") || text_equal(type, "o"))
		text = take_text(reader);
	else if (text_equal(type, "g"))
		text = take_signature(reader);
	else
		reader->bad = true;
	if (text && code < array_size(places) && places[code])
		*places[code] = text;
}

int dbus_parse(const char *data, size_t size, struct dbus_message *out_message, size_t *out_size, struct err *err)
{
	uint32_t body, serial, fields;
	*out_size = 0;
	if (size < HEAD_SIZE)
		return 0;
	memcpy(&body, data + 4, sizeof body);
	memcpy(&serial, data + 8, sizeof serial);
	memcpy(&fields, data + 12, sizeof fields);
	if (data[0] != 'l' || data[3] != 1 || body > DBUS_MESSAGE_MAX || fields > DBUS_MESSAGE_MAX)
		return err_set(err, EPROTO, "D-Bus: a message that is not one");
	size_t head = ((size_t)HEAD_SIZE + fields + 7) / 8 * 8;
	if (size < head + body)
		return 0;
	struct dbus_message message = {.kind = (enum dbus_kind)data[1], .serial = serial};
	struct reader reader = {.data = data, .size = (size_t)HEAD_SIZE + fields, .at = HEAD_SIZE};
	while (!reader.bad && reader.at < reader.size)
		field_take(&reader, &message);
	if (reader.bad)
		return err_set(err, EPROTO, "D-Bus: a message whose header is damaged");
	message.body = data + head;
	message.body_size = body;
	*out_message = message;
	*out_size = head + body;
	return 0;
}

const char *dbus_get_text(const struct dbus_message *message, size_t *at)
{
	struct reader reader = {.data = message->body, .size = message->body_size, .at = *at};
	const char *text = take_text(&reader);
	*at = reader.at;
	return text;
}

bool dbus_get_u32(const struct dbus_message *message, size_t *at, uint32_t *out_value)
{
	struct reader reader = {.data = message->body, .size = message->body_size, .at = *at};
	uint32_t value = take_u32(&reader);
	if (reader.bad)
		return false;
	*at = reader.at;
	*out_value = value;
	return true;
}

static int more_read(struct dbus *bus, struct err *err)
{
	char piece[4096];
	ssize_t size;
	do
		size = recv(bus->fd, piece, sizeof piece, 0);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN ? err_set(err, ETIMEDOUT, "D-Bus: no answer within %d s", DBUS_WAIT_S)
				       : err_sys(err, "D-Bus: receive");
	if (size == 0)
		return err_set(err, ECONNRESET, "D-Bus: the bus has closed the connection");
	buf_append(&bus->in, piece, (size_t)size);
	return buf_check(&bus->in, "a D-Bus message", err);
}

int dbus_next(struct dbus *bus, struct dbus_message *out_message, struct err *err)
{
	size_t size = 0;
	for (;;) {
		struct dbus_message message;
		int rc = dbus_parse(buf_str(&bus->in), bus->in.len, &message, &size, err);
		if (rc < 0)
			return rc;
		if (size > 0)
			break;
		rc = more_read(bus, err);
		if (rc < 0)
			return rc;
	}
	buf_reset(&bus->message);
	buf_append(&bus->message, bus->in.data, size);
	buf_consume(&bus->in, size);
	return dbus_parse(bus->message.data, bus->message.len, out_message, &size, err);
}

int dbus_call(struct dbus *bus, const struct dbus_call *call, struct dbus_message *out_answer, struct err *err)
{
	struct dbus_message message;
	int rc = call_send(bus, call, err);
	while (rc == 0) {
		rc = dbus_next(bus, &message, err);
		if (rc == 0 && message.reply_to == bus->serial &&
		    (message.kind == DBUS_RETURN || message.kind == DBUS_ERROR))
			break;
	}
	if (rc < 0)
		return rc;
	*out_answer = message;
	if (message.kind == DBUS_RETURN)
		return 0;
	size_t at = 0;
	const char *text = message.signature && *message.signature == 's' ? dbus_get_text(&message, &at) : NULL;
	return err_set(err, EREMOTEIO, "%s: %s", call->member, text ? text : message.error ? message.error : "failed");
}

/* --- the connection --- */

/* The first "unix:path=" or "unix:abstract=" of a list of addresses. */
static int address_read(const char *list, struct sockaddr_un *out_address, socklen_t *out_size, struct err *err)
{
	const char *path = text_after(list, "unix:path="), *abstract = text_after(list, "unix:abstract=");
	const char *name = path ? path : abstract;
	size_t size = name ? strcspn(name, ",;") : 0;
	*out_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (size == 0 || size + 1 >= sizeof out_address->sun_path || strchr(name, '%'))
		return err_set(err, EINVAL, "D-Bus: cannot use the address %s", list);
	memcpy(out_address->sun_path + (abstract ? 1 : 0), name, size);
	*out_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	return 0;
}

static int socket_open(const char *list, int *out_fd, struct err *err)
{
	const struct timeval wait = {.tv_sec = DBUS_WAIT_S};
	struct sockaddr_un address;
	socklen_t size;
	int rc = address_read(list, &address, &size, err);
	if (rc < 0)
		return rc;
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0 ||
	    connect(fd, (struct sockaddr *)&address, size) < 0)
		return err_sys(err, "D-Bus: connect to %s", list);
	*out_fd = take_fd(&fd);
	return 0;
}

static int line_exchange(int fd, const char *out, char in[LINE_MAX_SIZE], struct err *err)
{
	size_t size = 0;
	if (fd_write_full(fd, out, strlen(out)) < 0)
		return err_sys(err, "D-Bus: authenticate");
	while (size < LINE_MAX_SIZE - 1 && (size == 0 || in[size - 1] != '\n')) {
		ssize_t got = recv(fd, in + size, 1, 0);
		if (got <= 0)
			return err_set(err, EPROTO, "D-Bus: no answer to the authentication");
		size++;
	}
	in[size] = 0;
	return 0;
}

/* A NUL, our number in hexadecimal digits of its decimal ones, and the word to begin. In a user namespace the bus may
 * know us by another number: it is left to what the socket says. */
static int authenticate(int fd, struct err *err)
{
	char uid[16], hex[40], line[LINE_MAX_SIZE];
	snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	hex_encode(uid, strlen(uid), hex);
	auto_free char *hello =
	    id_map_is_first() ? x_printf("AUTH EXTERNAL %s\r\n", hex) : x_strdup("AUTH EXTERNAL\r\n");
	if (send(fd, "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(err, "D-Bus: authenticate");
	int rc = line_exchange(fd, hello, line, err);
	if (rc == 0 && text_after(line, "DATA"))
		rc = line_exchange(fd, "DATA\r\n", line, err);
	if (rc < 0)
		return rc;
	if (!text_after(line, "OK "))
		return err_set(err, EACCES, "D-Bus: the bus does not take us: %s", line);
	return fd_write_full(fd, "BEGIN\r\n", strlen("BEGIN\r\n")) < 0 ? err_sys(err, "D-Bus: authenticate") : 0;
}

static char *bus_address(bool user)
{
	const char *given = getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
	const char *run = getenv("XDG_RUNTIME_DIR");
	if (!text_empty(given))
		return x_strdup(given);
	if (!user)
		return x_strdup("unix:path=/run/dbus/system_bus_socket");
	return text_empty(run) ? x_printf("unix:path=/run/user/%u/bus", (unsigned)geteuid())
			       : x_printf("unix:path=%s/bus", run);
}

int dbus_connect(bool user, struct dbus *out_bus, struct err *err)
{
	auto_free char *address = bus_address(user);
	auto_fd int fd = -1;
	struct dbus bus = {.in = BUF_INIT(DBUS_MESSAGE_MAX * 2), .message = BUF_INIT(DBUS_MESSAGE_MAX * 2)};
	const struct dbus_call hello = {
	    .destination = BUS_NAME, .path = "/org/freedesktop/DBus", .interface = BUS_NAME, .member = "Hello"};
	struct dbus_message answer;
	int rc = socket_open(address, &fd, err);
	if (rc == 0)
		rc = authenticate(fd, err);
	if (rc < 0)
		return rc;
	bus.fd = take_fd(&fd);
	rc = dbus_call(&bus, &hello, &answer, err);
	if (rc < 0)
		dbus_done(&bus);
	else
		*out_bus = bus;
	return rc;
}

void dbus_done(struct dbus *bus)
{
	cleanup_fd(&bus->fd);
	bus->fd = -1;
	buf_done(&bus->in);
	buf_done(&bus->message);
}
