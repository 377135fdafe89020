#include "monitor/output_log.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_NS 100000000LL

int output_log_open(struct output_log *log, struct loop *loop, int dir, const struct log_options *options,
		    struct err *err)
{
	int rc = 0;
	*log = (struct output_log){.loop = loop};
	if (!text_empty(options->file))
		rc = log_file_open(dir, options->file, options->size, options->files, &log->file, err);
	if (rc == 0 && log->file && !text_empty(options->attributes))
		rc = log_file_attributes(log->file, options->attributes, err);
	if (rc == 0 && !text_empty(options->remote))
		rc = log_remote_open(options, &log->remote, err);
	if (rc < 0)
		output_log_close(log, 0);
	return rc;
}

static void again(struct loop_timer *timer)
{
	struct output_log *log = container_of(timer, struct output_log, again);
	if (log_remote_flush(log->remote))
		loop_timer_start(log->loop, timer, AGAIN_NS, again);
}

void output_log_write(struct output_log *log, enum log_stream stream, const char *data, size_t size, int64_t time_ns)
{
	int rc = log->file ? log_file_write(log->file, stream, data, size, time_ns) : 0;
	if (rc < 0 && !log->failed) /* a full disk must not stop the container */
		fprintf(stderr, "tug-monitor: log: %s\n", strerror(-rc));
	log->failed = rc < 0;
	if (!log->remote)
		return;
	log_remote_write(log->remote, stream, data, size, time_ns);
	if (!log->again.loop && log_remote_flush(log->remote))
		loop_timer_start(log->loop, &log->again, AGAIN_NS, again);
}

uint64_t output_log_dropped(const struct output_log *log)
{
	return log->remote ? log_remote_dropped(log->remote) : 0;
}

void output_log_close(struct output_log *log, int64_t time_ns)
{
	loop_timer_stop(&log->again);
	log_file_close(log->file, time_ns);
	log_remote_close(log->remote, time_ns);
	log->file = NULL;
	log->remote = NULL;
}
