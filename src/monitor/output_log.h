/*
 * What happens to a container's output: a file, a remote receiver, or both (so that "logs" can read what went
 * elsewhere). Runs in the monitor.
 */
#pragma once

#include "base/loop.h"
#include "monitor/log_remote.h"

struct output_log {
	struct log_file *file;	   /* NULL: none */
	struct log_remote *remote; /* NULL: none */
	struct loop *loop;
	struct loop_timer again; /* while something waits for the remote */
	bool failed;		 /* to write the file: said once */
};

int output_log_open(struct output_log *log, struct loop *loop, int dir, const struct log_options *options,
		    struct err *err) must_check;
void output_log_write(struct output_log *log, enum log_stream stream, const char *data, size_t size, int64_t time_ns);
uint64_t output_log_dropped(const struct output_log *log);
void output_log_close(struct output_log *log, int64_t time_ns);
