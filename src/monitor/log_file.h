/*
 * A container's log as Docker's json-file driver writes it, one JSON object per line:
 *
 *     {"log":"text\n","stream":"stdout","time":"2026-11-23T19:12:36.123456789Z"}
 *
 * with "attrs":{...} before the time where attributes were asked for. Text is cut at line ends and every LOG_LINE_MAX
 * bytes; bytes from 0x80 up are written as they are, whatever they encode, so that a reader gets back exactly what the
 * container wrote. When a file has reached its size it becomes NAME.1, NAME.1 becomes NAME.2, and so on; as many files
 * are kept as were asked for. Runs in the monitor.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { LOG_LINE_MAX = 16 << 10 };
enum log_stream { LOG_STDOUT, LOG_STDERR };

struct log_file;

/* name below dir, appended to where it exists. size_max 0: never rotated; files_max counts NAME itself. */
int log_file_open(int dir, const char *name, int64_t size_max, int64_t files_max, struct log_file **out_log,
		  struct err *err) must_check;

/* Members of a JSON object ("k":"v",...) that every line carries from now on as "attrs". -E2BIG. */
int log_file_attributes(struct log_file *log, const char *members, struct err *err) must_check;

/* What came from the container, with the time at which it was read. -errno: it was not, or not wholly, written. */
int log_file_write(struct log_file *log, enum log_stream stream, const void *data, size_t size,
		   int64_t time_ns) must_check;

/* Writes what waits for the end of its line, and frees. Takes NULL. */
void log_file_close(struct log_file *log, int64_t time_ns);
