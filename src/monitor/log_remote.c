#include "monitor/log_remote.h"

#include "base/text.h"
#include "base/time.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PRIORITY_ERR = 3, PRIORITY_INFO = 6, MESSAGE_MAX = 2 * LOG_LINE_MAX + 4096 };
#define RETRY_NS 1000000000LL

struct waiting {
	struct waiting *next;
	size_t size;
	char data[];
};

struct log_remote {
	struct arena arena;
	struct log_options options; /* copied */
	char host[256];
	int fd; /* -1: not connected */
	int64_t tried_ns;
	bool stream; /* a connection without bounds between messages */
	size_t sent; /* of the first that waits */
	struct waiting *first, **last;
	size_t waiting; /* bytes */
	uint64_t dropped;
	struct {
		size_t size;
		char text[LOG_LINE_MAX];
	} pending[2];
};

/* --- messages --- */

static int priority(enum log_stream stream)
{
	return stream == LOG_STDERR ? PRIORITY_ERR : PRIORITY_INFO;
}

static void syslog_head(const struct log_options *options, const char *host, const struct log_message *message,
			struct buf *out)
{
	char stamp[TIME_TEXT];
	int value = (int)options->facility * 8 + priority(message->stream);
	if (text_after(options->format, "rfc5424")) {
		bool micro = text_equal(options->format, "rfc5424micro");
		time_rfc3339(message->time_ns, stamp);
		buf_printf(out, "<%d>1 %.*s%s %s %s %d %s - ", value, micro ? 26 : 19, stamp, "Z", host, options->tag,
			   (int)getpid(), options->tag);
		return;
	}
	time_t seconds = (time_t)(message->time_ns / 1000000000);
	struct tm local;
	localtime_r(&seconds, &local);
	strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
	bool unix_socket = text_after(options->address, "unix") != NULL;
	buf_printf(out, "<%d>%s ", value, stamp);
	if (!unix_socket) /* a local receiver knows its own name */
		buf_printf(out, "%s ", host);
	buf_printf(out, "%s[%d]: ", options->tag, (int)getpid());
}

/* A value with a line end inside has its length in front, 64 bits little-endian. */
static void journal_field(struct buf *out, const char *name, const char *value, size_t size)
{
	if (!memchr(value, '\n', size)) {
		buf_printf(out, "%s=", name);
		buf_append(out, value, size);
	} else {
		uint8_t length[8];
		for (int i = 0; i < 8; i++)
			length[i] = (uint8_t)((uint64_t)size >> (8 * i));
		buf_printf(out, "%s\n", name);
		buf_append(out, length, sizeof length);
		buf_append(out, value, size);
	}
	buf_char(out, '\n');
}

static void journal_encode(const struct log_options *options, const struct log_message *message, struct buf *out)
{
	const struct {
		const char *name, *value;
	} rows[] = {{"CONTAINER_ID_FULL", options->id},
		    {"CONTAINER_NAME", options->name},
		    {"CONTAINER_TAG", options->tag},
		    {"IMAGE_NAME", options->image},
		    {"SYSLOG_IDENTIFIER", options->tag}};
	journal_field(out, "MESSAGE", message->text, message->size);
	buf_printf(out, "PRIORITY=%d\nCONTAINER_ID=%.12s\n", priority(message->stream), options->id);
	buf_printf(out, "SYSLOG_TIMESTAMP=%lld.%09lld\n", (long long)(message->time_ns / 1000000000),
		   (long long)(message->time_ns % 1000000000));
	for (size_t i = 0; i < array_size(rows); i++)
		journal_field(out, rows[i].name, rows[i].value, strlen(rows[i].value));
	if (message->partial)
		buf_text(out, "CONTAINER_PARTIAL_MESSAGE=true\n");
}

void log_message_encode(const struct log_options *options, const char *host, const struct log_message *message,
			struct buf *out)
{
	if (text_equal(options->remote, "journald")) {
		journal_encode(options, message, out);
		return;
	}
	syslog_head(options, host, message, out);
	buf_append(out, message->text, message->size);
	if (text_after(options->address, "tcp") || text_equal(options->format, "rfc3164"))
		buf_char(out, '\n');
}

/* --- connection --- */

static int unix_connect(const char *path, int type, int *out_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(err, ENAMETOOLONG, "log: %s", path);
	memcpy(address.sun_path, path, strlen(path));
	int rc = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
	if (rc < 0 && (errno == ENOENT || errno == ECONNREFUSED)) /* not a program that is missing */
		return err_set(err, errno, "log: nobody listens at %s", path);
	if (rc < 0)
		return err_sys(err, "log: connect to %s", path);
	*out_fd = take_fd(&fd);
	return 0;
}

/* "host:port", 514 where it has none. */
static int inet_connect(const char *text, int type, int *out_fd, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = type};
	struct addrinfo *found = NULL;
	auto_free char *host = x_strdup(text);
	char *bare = host, *port = strrchr(host, ':');
	if (port && strchr(port, ']'))
		port = NULL;
	if (port)
		*port++ = 0;
	if (bare[0] == '[') {
		bare++;
		bare[strcspn(bare, "]")] = 0;
	}
	int rc = getaddrinfo(bare, port ? port : "514", &hints, &found);
	if (rc != 0)
		return err_set(err, ENOENT, "log: %s: %s", text, gai_strerror(rc));
	auto_fd int fd = socket(found->ai_family, type | SOCK_CLOEXEC, 0);
	int connected = fd < 0 ? -1 : connect(fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (connected < 0)
		return err_sys(err, "log: connect to %s", text);
	*out_fd = take_fd(&fd);
	return 0;
}

static int remote_connect(struct log_remote *remote, struct err *err)
{
	const char *address = remote->options.address, *rest;
	if (text_equal(remote->options.remote, "journald"))
		return unix_connect(*address ? address : LOG_JOURNAL_SOCKET, SOCK_DGRAM, &remote->fd, err);
	remote->stream = false;
	if ((rest = text_after(address, "unixgram://")))
		return unix_connect(rest, SOCK_DGRAM, &remote->fd, err);
	if ((rest = text_after(address, "udp://")))
		return inet_connect(rest, SOCK_DGRAM, &remote->fd, err);
	remote->stream = true;
	if ((rest = text_after(address, "tcp://")))
		return inet_connect(rest, SOCK_STREAM, &remote->fd, err);
	if (!(rest = text_after(address, "unix://")))
		return err_set(err, EINVAL, "log: %s is not an address", address);
	int rc = unix_connect(rest, SOCK_STREAM, &remote->fd, err);
	if (rc == 0)
		return 0;
	remote->stream = false; /* what listens there may take datagrams */
	return unix_connect(rest, SOCK_DGRAM, &remote->fd, err);
}

static void disconnect(struct log_remote *remote)
{
	cleanup_fd(&remote->fd);
	remote->fd = -1;
	remote->sent = 0;
}

static bool is_connected(struct log_remote *remote)
{
	struct err ignored;
	int64_t now = time_monotonic_ns();
	if (remote->fd >= 0)
		return true;
	if (now - remote->tried_ns < RETRY_NS)
		return false;
	remote->tried_ns = now;
	if (remote_connect(remote, &ignored) < 0)
		remote->fd = -1;
	return remote->fd >= 0;
}

/* --- the queue --- */

static void first_drop(struct log_remote *remote)
{
	struct waiting *first = remote->first;
	remote->first = first->next;
	if (!remote->first)
		remote->last = &remote->first;
	remote->waiting -= first->size;
	remote->sent = 0;
	free(first);
}

bool log_remote_flush(struct log_remote *remote)
{
	while (remote->first && is_connected(remote)) {
		struct waiting *first = remote->first;
		ssize_t size = send(remote->fd, first->data + remote->sent, first->size - remote->sent,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return true;
		if (size < 0 && errno == EMSGSIZE) { /* no datagram holds it */
			first_drop(remote);
			remote->dropped++;
			continue;
		}
		if (size < 0) {
			disconnect(remote);
			continue;
		}
		remote->sent += (size_t)size;
		if (!remote->stream || remote->sent == first->size)
			first_drop(remote);
	}
	return remote->first != NULL;
}

static void message_queue(struct log_remote *remote, const struct buf *text)
{
	if (text->overflow || remote->waiting + text->len > (size_t)remote->options.buffer) {
		remote->dropped++;
		return;
	}
	struct waiting *item = x_alloc(sizeof *item + text->len);
	item->next = NULL;
	item->size = text->len;
	memcpy(item->data, text->data, text->len);
	*remote->last = item;
	remote->last = &item->next;
	remote->waiting += text->len;
}

static void line_send(struct log_remote *remote, enum log_stream stream, const char *text, size_t size, bool partial,
		      int64_t time_ns)
{
	const struct log_message message = {stream, text, size, partial, time_ns};
	auto_buf out = BUF_INIT(MESSAGE_MAX);
	log_message_encode(&remote->options, remote->host, &message, &out);
	message_queue(remote, &out);
}

void log_remote_write(struct log_remote *remote, enum log_stream stream, const char *data, size_t size, int64_t time_ns)
{
	while (size > 0) {
		size_t had = remote->pending[stream].size, room = LOG_LINE_MAX - had;
		size_t look = size < room ? size : room;
		const char *end = memchr(data, '\n', look);
		size_t count = end ? (size_t)(end - data) : look;
		memcpy(remote->pending[stream].text + had, data, count);
		remote->pending[stream].size = had + count;
		if (end || had + count == LOG_LINE_MAX) {
			line_send(remote, stream, remote->pending[stream].text, had + count, !end, time_ns);
			remote->pending[stream].size = 0;
		}
		data += count + (end != NULL);
		size -= count + (end != NULL);
	}
	(void)log_remote_flush(remote);
}

uint64_t log_remote_dropped(const struct log_remote *remote)
{
	return remote->dropped;
}

/* --- life --- */

int log_remote_open(const struct log_options *options, struct log_remote **out_remote, struct err *err)
{
	auto_buf text = BUF_INIT(64 << 10);
	struct log_remote *remote = x_alloc(sizeof *remote);
	remote->fd = -1;
	remote->last = &remote->first;
	log_options_encode(&text, options);
	int rc = log_options_decode(&remote->arena, buf_str(&text), text.len, &remote->options, err);
	if (remote->options.buffer == 0)
		remote->options.buffer = LOG_BUFFER_DEFAULT;
	if (gethostname(remote->host, sizeof remote->host - 1) < 0 || !remote->host[0])
		strcpy(remote->host, "localhost");
	if (rc == 0)
		rc = remote_connect(remote, err);
	if (rc < 0) {
		log_remote_close(remote, 0);
		return rc;
	}
	*out_remote = remote;
	return 0;
}

void log_remote_close(struct log_remote *remote, int64_t time_ns)
{
	if (!remote)
		return;
	for (int i = 0; i < 2; i++) {
		if (remote->pending[i].size > 0)
			line_send(remote, (enum log_stream)i, remote->pending[i].text, remote->pending[i].size, false,
				  time_ns);
	}
	(void)log_remote_flush(remote);
	while (remote->first)
		first_drop(remote);
	if (remote->fd >= 0)
		close(remote->fd);
	arena_done(&remote->arena);
	free(remote);
}
