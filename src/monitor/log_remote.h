/*
 * A container's output on its way to syslog or the journal, a message per line. It never waits: what a slow or dead
 * receiver does not take is kept up to a bound, and dropped and counted beyond. A connection that broke is made again
 * with a later line. Runs in the monitor.
 *
 * syslog: RFC 3164 or RFC 5424 over a unix socket, UDP or TCP (RFC 6587, a line end behind each). The journal: its
 * native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 */
#pragma once

#include "monitor/log_file.h"
#include "monitor/log_options.h"

struct log_remote;

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* The options' strings are copied. -errno when the receiver is not there. */
int log_remote_open(const struct log_options *options, struct log_remote **out_remote, struct err *err) must_check;
void log_remote_write(struct log_remote *remote, enum log_stream stream, const char *data, size_t size,
		      int64_t time_ns);
/* Sends what waits, as far as it goes. True: something still waits. */
bool log_remote_flush(struct log_remote *remote);
uint64_t log_remote_dropped(const struct log_remote *remote);
void log_remote_close(struct log_remote *remote, int64_t time_ns); /* takes NULL */

/* --- for the test --- */

struct log_message {
	enum log_stream stream;
	const char *text; /* without its line end */
	size_t size;
	bool partial;
	int64_t time_ns;
};
void log_message_encode(const struct log_options *options, const char *host, const struct log_message *message,
			struct buf *out);
