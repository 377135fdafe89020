/*
 * One line of a json-file log, as tug's monitor and Docker write it: an object of strings.
 *
 * Not by base/json.h: the text of an entry may hold any byte, those that are no UTF-8 and NUL too, and comes out as the
 * container wrote it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_LINE_ATTRIBUTES = 32 };
struct log_attribute {
	const char *key, *value;
};

struct log_line {
	const char *text; /* terminated, but it may hold NUL itself */
	size_t size;
	bool is_stderr;
	int64_t time_ns; /* 0: none that can be read */
	struct log_attribute attributes[LOG_LINE_ATTRIBUTES];
	size_t attribute_count;
};

/* Decodes in place: the line's bytes are changed and out_line points into them. False for what is no such line. */
bool log_line_decode(char *line, size_t size, struct log_line *out_line);
