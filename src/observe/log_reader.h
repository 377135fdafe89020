/*
 * Reads a container's json-file log, oldest line first, over its rotated files:
 *
 *     NAME.2   NAME.1   NAME        one JSON object per line: {"log":"text\n","stream":"stdout","time":"RFC 3339"}
 *
 * The file may grow and be rotated meanwhile (NAME becomes NAME.1): after the end the reader finds what has come since.
 * A line that is not whole yet is left for later; one that is damaged is passed over. Engine process; reads only.
 */
#pragma once

#include "base/error.h"
#include "observe/log_line.h"

#include <stdint.h>

struct log_entry { /* what it points to is valid until the next call */
	bool is_stderr;
	int64_t time_ns;
	const char *text; /* as written, with its line end if it had one; it may hold NUL; valid until the next call */
	size_t size;
	struct log_attribute attributes[LOG_LINE_ATTRIBUTES];
	size_t attribute_count;
};

struct log_reader;

/* dir stays the caller's and must outlive the reader. tail: the last so many entries, -1: all. A missing file is an
 * empty log. */
int log_reader_open(int dir, const char *name, int64_t tail, struct log_reader **out_reader,
		    struct err *err) must_check;
void log_reader_close(struct log_reader *reader); /* takes NULL */

/* 1: an entry, 0: no more for now, -errno. */
int log_reader_next(struct log_reader *reader, struct log_entry *out_entry, struct err *err) must_check;
