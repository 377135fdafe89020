/*
 * How a container ended, in the file `exit` of RUN/containers/ID: written by its monitor before it says EXITED (whose
 * tail it is too), read by an engine that was not there then. One line: code, 1 where it ran out of memory, wall clock
 * in nanoseconds, signal, 1 where it dumped its core, the last signal that came through the engine, and of processes
 * that the kernel ended for want of memory the count, the limit, the last one's number and name (to the end).
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* What the kernel ended for want of memory. */
struct oom_record {
	int64_t kills, limit; /* limit: bytes; 0: not known */
	int32_t pid;	      /* of the last one; 0: not known */
	char name[20];
};

struct exit_record {
	int32_t code;	/* 0..255 */
	int32_t signal; /* that ended it; 0: it ended by itself */
	bool oom_killed, core;
	uint8_t reserved[2];
	int32_t sent; /* the last signal that was sent through the engine; 0: none */
	int64_t time_ns;
	struct oom_record oom;
};

/* Whole or not at all, also when the machine stops. */
int exit_record_write(int dir, const struct exit_record *record, struct err *err) must_check;

/* -ENOENT without one, -EINVAL for one that is not whole. */
int exit_record_read(int dir, struct exit_record *out_record, struct err *err) must_check;
