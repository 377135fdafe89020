/*
 * How a container ended, in the file `exit` of RUN/containers/ID: written by its monitor before it says EXITED, read by
 * an engine that was not there then. One line: code, 1 where it ran out of memory, wall clock in nanoseconds.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct exit_record {
	int code; /* 0..255 */
	bool oom_killed;
	int64_t time_ns;
};

/* Whole or not at all, also when the machine stops. */
int exit_record_write(int dir, const struct exit_record *record, struct err *err) must_check;

/* -ENOENT without one, -EINVAL for one that is not whole. */
int exit_record_read(int dir, struct exit_record *out_record, struct err *err) must_check;
