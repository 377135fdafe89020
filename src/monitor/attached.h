/*
 * A client of a session: its connection, handed over by the engine. What the process writes goes out in Docker's frames
 * (raw from a terminal) at the client's own pace, from a bounded queue; what the client sends goes to the process.
 * Runs in the monitor.
 */
#pragma once

#include "base/buffer.h"
#include "base/key_sequence.h"
#include "base/loop.h"

enum {
	ATTACHED_PAUSE = 64 << 10,    /* more in the queue: the process has to wait */
	ATTACHED_QUEUE_MAX = 2 << 20, /* what a dead process has left in its pipes fits */
};

struct session;

struct attached {
	struct session *session;
	struct attached *next;
	int fd;
	uint32_t flags; /* MONITOR_IN, MONITOR_OUT, MONITOR_ERR */
	struct loop_io io;
	struct key_sequence keys;
	struct buf queue;
	bool input_over; /* it sends no more */
	bool ending;	 /* closed when the queue is empty */
};

/* Puts it first in the session's list. The fd is owned from here on, also after an error. */
int attached_new(struct session *session, struct loop *loop, int fd, uint32_t flags, const struct key_sequence *keys,
		 struct err *err) must_check;
void attached_free(struct attached *client); /* takes it off the list */

/* The next three may free the client. */
void attached_write(struct attached *client, uint8_t stream, const char *data, size_t size); /* 1 or 2 */
void attached_end(struct attached *client);
void attached_input_resume(struct attached *client); /* the process takes input again */
