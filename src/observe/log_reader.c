#include "observe/log_reader.h"

#include "base/buffer.h"
#include "base/fd.h"
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

/* The names while a rotation runs: each file gets the next higher number, the oldest first, so that one number at a
 * time is free, and a search upward passes no file. A search that meets a few free numbers in a row has come to the
 * end. */
enum { FREE_NUMBERS = 4 };

static bool is_same_file(int fd, const struct stat *file)
{
	struct stat status;
	return fstat(fd, &status) == 0 && status.st_ino == file->st_ino && status.st_dev == file->st_dev;
}

/* Counted already: it was given a higher number since. */
static bool is_counted(const ino_t *counted, size_t count, ino_t file)
{
	for (size_t i = 0; i < count; i++) {
		if (counted[i] == file)
			return true;
	}
	return false;
}

static void file_use(struct log_reader *reader, unsigned number, int fd)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = fd;
	reader->file = number;
	reader->used = 0;
	buf_reset(&reader->buffer);
}

/* The oldest file, or the one in which the last `tail` entries begin, and how many to pass over in it. */
static int start_find(struct log_reader *reader, int64_t tail, struct err *err)
{
	auto_free ino_t *counted = x_alloc(FILES_MAX * sizeof *counted);
	size_t count = 0;
	int64_t total = 0;
	for (unsigned number = 0, missing = 0; number < FILES_MAX && missing < FREE_NUMBERS; number++) {
		struct stat status;
		auto_fd int fd = -1;
		int rc = file_open(reader, number, &fd, err);
		if (rc == -ENOENT) {
			missing++;
			continue;
		}
		if (rc < 0)
			return rc;
		if (fstat(fd, &status) < 0)
			return err_sys(err, "log");
		missing = 0;
		if (is_counted(counted, count, status.st_ino))
			continue;
		counted[count++] = status.st_ino;
		file_use(reader, number, take_fd(&fd));
		if (tail < 0)
			continue;
		total += lines_count(reader->fd);
		if (total >= tail)
			break;
	}
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

/* The number that the file being read has by now. -ENOENT: it is not there any more. */
static int file_find(struct log_reader *reader, const struct stat *mine, struct err *err)
{
	for (unsigned number = reader->file, missing = 0; number < FILES_MAX && missing < FREE_NUMBERS; number++) {
		auto_fd int fd = -1;
		int rc = file_open(reader, number, &fd, err);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		missing = rc < 0 ? missing + 1 : 0;
		if (rc == 0 && is_same_file(fd, mine)) {
			reader->file = number;
			return 0;
		}
	}
	return -ENOENT;
}

/* The file after the one that is read, which stands at reader->file: the first of the lower numbers, of which some may
 * be free. When all of that is still so after it was opened, no rotation came between. -EAGAIN: one came; -ENOENT: the
 * newest file is not there yet. */
static int newer_open(struct log_reader *reader, const struct stat *mine, unsigned *out_number, int *out_fd,
		      struct err *err)
{
	auto_fd int found = -1;
	unsigned number = reader->file;
	int rc = -ENOENT;
	while (number > 0 && rc == -ENOENT)
		rc = file_open(reader, --number, &found, err);
	if (rc < 0)
		return rc;
	for (unsigned at = number + 1; at <= reader->file; at++) {
		auto_fd int fd = -1;
		rc = file_open(reader, at, &fd, err);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (at < reader->file ? rc == 0 : rc < 0 || !is_same_file(fd, mine))
			return -EAGAIN;
	}
	*out_number = number;
	*out_fd = take_fd(&found);
	return 0;
}

enum next {
	NEXT_NONE, /* the file that was read is the newest */
	NEXT_FILE, /* the next newer one is `out_fd` */
	NEXT_OPEN, /* what was read is gone: the oldest that is left is open now */
};

/* What follows after the end of a file. */
static int next_find(struct log_reader *reader, enum next *out_next, unsigned *out_number, int *out_fd, struct err *err)
{
	struct stat mine;
	int rc = -EAGAIN;
	while (rc == -EAGAIN) {
		if (reader->fd >= 0 && fstat(reader->fd, &mine) < 0)
			return err_sys(err, "log");
		rc = reader->fd >= 0 && mine.st_nlink > 0 ? file_find(reader, &mine, err) : -ENOENT;
		if (rc == -ENOENT) {
			file_use(reader, 0, -1);
			rc = start_find(reader, -1, err);
			*out_next = reader->fd >= 0 ? NEXT_OPEN : NEXT_NONE;
			return rc;
		}
		if (rc < 0)
			return rc;
		if (reader->file == 0) {
			*out_next = NEXT_NONE;
			return 0;
		}
		rc = newer_open(reader, &mine, out_number, out_fd, err);
	}
	*out_next = rc == -ENOENT ? NEXT_NONE : NEXT_FILE;
	return rc == -ENOENT ? 0 : rc;
}

/* --- lines --- */

/* From the file into the buffer: the number of bytes, 0 at its end. */
static ssize_t file_read(struct log_reader *reader, struct err *err)
{
	struct stat status;
	char *room = buf_room(&reader->buffer, READ_SIZE);
	if (!room) { /* a line that long is no line of ours */
		buf_reset(&reader->buffer);
		room = buf_room(&reader->buffer, READ_SIZE);
	}
	if (reader->fd < 0)
		return 0;
	ssize_t size = fd_read_full(reader->fd, room, READ_SIZE);
	/* A log of one file begins anew in its place. */
	if (size == 0 && fstat(reader->fd, &status) == 0 && lseek(reader->fd, 0, SEEK_CUR) > status.st_size) {
		buf_reset(&reader->buffer);
		if (lseek(reader->fd, 0, SEEK_SET) == 0)
			size = fd_read_full(reader->fd, room, READ_SIZE);
	}
	if (size < 0)
		return err_set(err, (int)-size, "log");
	buf_grown(&reader->buffer, (size_t)size);
	return size;
}

/* 1: more bytes in the buffer, 0: none now. */
static int buffer_fill(struct log_reader *reader, struct err *err)
{
	if (reader->used > 0) {
		buf_consume(&reader->buffer, reader->used);
		reader->used = 0;
	}
	for (;;) {
		enum next next;
		unsigned number;
		auto_fd int newer = -1;
		ssize_t size = file_read(reader, err);
		if (size != 0)
			return size < 0 ? (int)size : 1;
		int rc = next_find(reader, &next, &number, &newer, err);
		if (rc < 0 || next == NEXT_NONE)
			return rc;
		if (next == NEXT_OPEN)
			continue;
		/* It was written to until it was rotated: what came after the end that was seen above. */
		size = file_read(reader, err);
		if (size != 0)
			return size < 0 ? (int)size : 1;
		file_use(reader, number, take_fd(&newer));
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
