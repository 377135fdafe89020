#include "monitor/log_file.h"

#include "base/fd.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	NAME_MAX_BYTES = 128,
	ATTRIBUTES_MAX = 8192,
	ENTRY_MAX = 6 * LOG_LINE_MAX + ATTRIBUTES_MAX + 128, /* every byte escaped, and what stands around them */
	OUT_SIZE = 2 * ENTRY_MAX,
};

struct pending {
	size_t size;
	char text[LOG_LINE_MAX];
};

struct log_file {
	int dir, fd;
	char name[NAME_MAX_BYTES];
	int64_t size, size_max, files_max;
	struct pending pending[2]; /* the beginning of a line, by stream */
	char *attributes;	   /* ,"attrs":{...}; "" */
	size_t attributes_size;
	size_t out_size;
	char out[OUT_SIZE]; /* encoded, not yet written */
};

/* --- files --- */

static int file_open(struct log_file *log, struct err *err)
{
	struct stat status;
	auto_fd int fd = openat(log->dir, log->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fstat(fd, &status) < 0)
		return err_sys(err, "log %s", log->name);
	log->fd = take_fd(&fd);
	log->size = status.st_size;
	return 0;
}

static void file_name(const struct log_file *log, int64_t number, char out_name[NAME_MAX_BYTES + 24])
{
	if (number == 0)
		snprintf(out_name, NAME_MAX_BYTES + 24, "%s", log->name);
	else
		snprintf(out_name, NAME_MAX_BYTES + 24, "%s.%lld", log->name, (long long)number);
}

/* With one file only it begins anew; a rename that fails costs old lines, never new ones. */
static int rotate(struct log_file *log)
{
	char from[NAME_MAX_BYTES + 24], to[NAME_MAX_BYTES + 24];
	struct err err;
	for (int64_t number = log->files_max - 1; number > 0; number--) {
		file_name(log, number - 1, from);
		file_name(log, number, to);
		if (renameat(log->dir, from, log->dir, to) < 0 && errno != ENOENT)
			return -errno;
	}
	if (log->files_max <= 1) {
		if (ftruncate(log->fd, 0) < 0)
			return -errno;
		log->size = 0;
		return 0;
	}
	close(log->fd);
	log->fd = -1;
	return file_open(log, &err);
}

static int flush(struct log_file *log)
{
	struct err err;
	if (log->out_size == 0)
		return 0;
	int rc = log->fd < 0 ? file_open(log, &err) : 0;
	if (rc == 0)
		rc = fd_write_full(log->fd, log->out, log->out_size);
	if (rc == 0)
		log->size += (int64_t)log->out_size;
	log->out_size = 0;
	return rc;
}

/* --- encoding --- */

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

static size_t byte_escape(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = {
	    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
	out[0] = '\\';
	if (c < sizeof letters && letters[c]) {
		out[1] = letters[c];
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

static size_t text_encode(const char *text, size_t size, char *out)
{
	char *at = out;
	size_t i = 0;
	while (i < size) {
		size_t start = i;
		while (i < size && is_plain((unsigned char)text[i]))
			i++;
		memcpy(at, text + start, i - start);
		at += i - start;
		if (i < size)
			at += byte_escape((unsigned char)text[i++], at);
	}
	return (size_t)(at - out);
}

static void out_text(struct log_file *log, const char *text, size_t size)
{
	memcpy(log->out + log->out_size, text, size);
	log->out_size += size;
}

#define OUT(literal) out_text(log, literal, sizeof(literal) - 1)

static int entry_write(struct log_file *log, enum log_stream stream, const char *text, size_t size, const char *time)
{
	int rc = 0;
	if (log->out_size + ENTRY_MAX > sizeof log->out)
		rc = flush(log);
	if (rc == 0 && log->size_max > 0 && log->size + (int64_t)log->out_size >= log->size_max) {
		rc = flush(log);
		if (rc == 0)
			rc = rotate(log);
	}
	if (rc < 0)
		return rc;
	OUT("{\"log\":\"");
	log->out_size += text_encode(text, size, log->out + log->out_size);
	if (stream == LOG_STDERR)
		OUT("\",\"stream\":\"stderr\"");
	else
		OUT("\",\"stream\":\"stdout\"");
	if (log->attributes)
		out_text(log, log->attributes, log->attributes_size);
	OUT(",\"time\":\"");
	out_text(log, time, strlen(time));
	OUT("\"}\n");
	return 0;
}

/* One piece that ends a line or fills it up; what waits stands in front. */
static int piece_write(struct log_file *log, enum log_stream stream, const char *text, size_t size, const char *time)
{
	struct pending *pending = &log->pending[stream];
	if (pending->size == 0)
		return entry_write(log, stream, text, size, time);
	memcpy(pending->text + pending->size, text, size);
	size += pending->size;
	pending->size = 0;
	return entry_write(log, stream, pending->text, size, time);
}

int log_file_write(struct log_file *log, enum log_stream stream, const void *data, size_t size, int64_t time_ns)
{
	struct pending *pending = &log->pending[stream];
	const char *at = data;
	char time[TIME_TEXT];
	int rc = 0;
	time_rfc3339(time_ns, time);
	while (size > 0 && rc == 0) {
		size_t room = sizeof pending->text - pending->size;
		size_t look = size < room ? size : room;
		const char *end = memchr(at, '\n', look);
		size_t count = end ? (size_t)(end - at) + 1 : look;
		if (end || count == room) {
			rc = piece_write(log, stream, at, count, time);
		} else {
			memcpy(pending->text + pending->size, at, count);
			pending->size += count;
		}
		at += count;
		size -= count;
	}
	int flushed = flush(log);
	return rc < 0 ? rc : flushed;
}

/* --- life --- */

int log_file_open(int dir, const char *name, int64_t size_max, int64_t files_max, struct log_file **out_log,
		  struct err *err)
{
	if (strlen(name) >= NAME_MAX_BYTES)
		return err_set(err, ENAMETOOLONG, "log %s", name);
	struct log_file *log = x_alloc(sizeof *log);
	log->dir = dir;
	log->size_max = size_max;
	log->files_max = files_max;
	snprintf(log->name, sizeof log->name, "%s", name);
	int rc = file_open(log, err);
	if (rc < 0) {
		free(log);
		return rc;
	}
	*out_log = log;
	return 0;
}

int log_file_attributes(struct log_file *log, const char *members, struct err *err)
{
	if (strlen(members) > ATTRIBUTES_MAX - 16)
		return err_set(err, E2BIG, "log: labels and environment are longer than %d bytes", ATTRIBUTES_MAX - 16);
	log->attributes = x_printf(",\"attrs\":{%s}", members);
	log->attributes_size = strlen(log->attributes);
	return 0;
}

void log_file_close(struct log_file *log, int64_t time_ns)
{
	char time[TIME_TEXT];
	if (!log)
		return;
	time_rfc3339(time_ns, time);
	for (size_t i = 0; i < array_size(log->pending); i++) {
		/* Where the disk is full the end is lost: there is nobody left to be told. */
		if (log->pending[i].size > 0 &&
		    entry_write(log, (enum log_stream)i, log->pending[i].text, log->pending[i].size, time) < 0)
			break;
	}
	(void)!flush(log);
	if (log->fd >= 0)
		close(log->fd);
	free(log->attributes);
	free(log);
}
