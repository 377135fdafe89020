#include "observe/log_reader.h"

#include "base/buffer.h"
#include "base/path.h"
#include "observe/log_line.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 1000, READ_SIZE = 64 << 10, LINE_MAX_SIZE = 1 << 20 };

struct log_reader {
	int dir, fd; /* fd: the file that is read; -1: none yet */
	char *name;
	unsigned file; /* its number: 0 is the newest */
	int64_t skip;  /* entries until those that were asked for */
	struct buf buffer;
	size_t used; /* of buffer, given out */
};

/* --- files --- */

static int file_open(const struct log_reader *reader, unsigned number, int *out_fd, struct err *err)
{
	auto_free char *name = number == 0 ? x_strdup(reader->name) : x_printf("%s.%u", reader->name, number);
	return path_open(reader->dir, name, PATH_NO_LINKS, O_RDONLY | O_NONBLOCK, 0, out_fd, err);
}

static int64_t lines_count(int fd)
{
	auto_free char *data = x_alloc(READ_SIZE);
	int64_t count = 0;
	off_t at = 0;
	for (ssize_t size; (size = pread(fd, data, READ_SIZE, at)) > 0; at += size) {
		for (const char *c = data; (c = memchr(c, '\n', (size_t)(data + size - c))); c++)
			count++;
	}
	return count;
}

/* The oldest file, and how many entries to pass over for the last `tail`. */
static int start_find(struct log_reader *reader, int64_t tail, struct err *err)
{
	int64_t total = 0;
	unsigned number = 0;
	for (; number < FILES_MAX; number++) {
		auto_fd int fd = -1;
		int rc = file_open(reader, number, &fd, err);
		if (rc == -ENOENT)
			break;
		if (rc < 0)
			return rc;
		if (tail < 0)
			continue;
		total += lines_count(fd);
		if (total >= tail) {
			number++;
			break;
		}
	}
	reader->file = number > 0 ? number - 1 : 0;
	reader->skip = tail >= 0 && total > tail ? total - tail : 0;
	return 0;
}

int log_reader_open(int dir, const char *name, int64_t tail, struct log_reader **out_reader, struct err *err)
{
	struct log_reader *reader = x_alloc(sizeof *reader);
	reader->dir = dir;
	reader->fd = -1;
	reader->name = x_strdup(name);
	reader->buffer = (struct buf)BUF_INIT(LINE_MAX_SIZE + READ_SIZE);
	int rc = start_find(reader, tail, err);
	if (rc < 0) {
		log_reader_close(reader);
		return rc;
	}
	*out_reader = reader;
	return 0;
}

void log_reader_close(struct log_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	buf_done(&reader->buffer);
	free(reader->name);
	free(reader);
}

/* After the end of a file: 1 when the next newer one is open now. A rotation gives every file a higher number. */
static int file_next(struct log_reader *reader, struct err *err)
{
	struct stat mine, other;
	if (reader->fd >= 0 && fstat(reader->fd, &mine) < 0)
		return err_sys(err, "log");
	/* Where is the file that was read now? The one before it is the next. */
	unsigned number = reader->file;
	for (; reader->fd >= 0 && number < FILES_MAX; number++) {
		auto_fd int fd = -1;
		int rc = file_open(reader, number, &fd, err);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0 && fstat(fd, &other) == 0 && other.st_ino == mine.st_ino && other.st_dev == mine.st_dev)
			break;
		if (rc < 0) { /* it was rotated away: go on with the oldest that is left */
			break;
		}
	}
	if (reader->fd >= 0 && number == 0)
		return 0;
	int fd;
	unsigned next = reader->fd < 0 ? reader->file : number - 1;
	int rc = file_open(reader, next, &fd, err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = fd;
	reader->file = next;
	reader->used = 0;
	buf_reset(&reader->buffer);
	return 1;
}

/* --- lines --- */

/* 1: more bytes in the buffer, 0: none now. */
static int buffer_fill(struct log_reader *reader, struct err *err)
{
	if (reader->used > 0) {
		buf_consume(&reader->buffer, reader->used);
		reader->used = 0;
	}
	for (;;) {
		char *room = buf_room(&reader->buffer, READ_SIZE);
		if (!room) { /* a line that long is no line of ours */
			buf_reset(&reader->buffer);
			continue;
		}
		ssize_t size = reader->fd >= 0 ? read(reader->fd, room, READ_SIZE) : 0;
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_sys(err, "log");
		buf_grown(&reader->buffer, (size_t)size);
		if (size > 0)
			return 1;
		int rc = file_next(reader, err);
		if (rc <= 0)
			return rc;
	}
}

static bool entry_read(char *line, size_t size, struct log_entry *entry)
{
	struct log_line decoded;
	if (!log_line_decode(line, size, &decoded))
		return false;
	*entry = (struct log_entry){
	    .is_stderr = decoded.is_stderr,
	    .text = decoded.text,
	    .size = decoded.size,
	    .time_ns = decoded.time_ns,
	    .attribute_count = decoded.attribute_count,
	};
	memcpy(entry->attributes, decoded.attributes, decoded.attribute_count * sizeof *decoded.attributes);
	return true;
}

int log_reader_next(struct log_reader *reader, struct log_entry *out_entry, struct err *err)
{
	for (;;) {
		size_t left = reader->buffer.len - reader->used;
		char *line = left > 0 ? reader->buffer.data + reader->used : NULL;
		const char *end = left > 0 ? memchr(line, '\n', left) : NULL;
		if (!end) {
			int rc = buffer_fill(reader, err);
			if (rc <= 0)
				return rc;
			continue;
		}
		reader->used += (size_t)(end - line) + 1;
		if (reader->skip > 0) {
			reader->skip--;
			continue;
		}
		if (entry_read(line, (size_t)(end - line), out_entry))
			return 1;
	}
}
