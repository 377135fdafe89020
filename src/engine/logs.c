/* logs: from the reader to the client, at the client's pace. */
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/log_spec.h"
#include "observe/log_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

enum { ENTRIES_PER_TURN = 512 };
#define LOOK_AGAIN_NS 500000000LL

struct engine_log_stream {
	struct engine *engine;
	char id[ID_TEXT];
	struct engine_logs options;
	struct engine_log_sink *sink;
	struct log_reader *reader;
	int dir, watch; /* watch: inotify; -1: none */
	struct loop_io watch_io;
	struct loop_timer again;
	struct loop_task task;
	bool raw, paused, over;
};

static void pump(struct loop_task *task);

static void pump_soon(struct engine_log_stream *stream)
{
	if (!stream->paused && !stream->over)
		loop_task_add(stream->engine->loop, &stream->task, pump);
}

void engine_logs_close(struct engine_log_stream *stream)
{
	if (!stream)
		return;
	loop_task_remove(&stream->task);
	loop_timer_stop(&stream->again);
	loop_io_remove(&stream->watch_io);
	if (stream->watch >= 0)
		close(stream->watch);
	log_reader_close(stream->reader);
	if (stream->dir >= 0)
		close(stream->dir);
	free(stream);
}

static bool is_running(const struct engine_log_stream *stream)
{
	for (const struct container *at = stream->engine->containers; at; at = at->next) {
		if (text_equal(at->id, stream->id))
			return at->run || at->state == STATE_RESTARTING;
	}
	return false;
}

/* As Go's url.QueryEscape. */
static void query_escape(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     strchr("-_.~", c) != NULL;
		if (plain)
			buf_char(out, *text);
		else if (c == ' ')
			buf_char(out, '+');
		else
			buf_printf(out, "%%%c%c", hex[c >> 4], hex[c & 15]);
	}
}

static int attribute_order(const void *a, const void *b)
{
	return strcmp(((const struct log_attribute *)a)->key, ((const struct log_attribute *)b)->key);
}

/* What stands in front of the text: the time, and labels and environment of the line. */
static void prefix_put(const struct engine_log_stream *stream, const struct log_entry *entry, struct buf *out)
{
	char time[TIME_TEXT];
	if (stream->options.timestamps) {
		time_rfc3339(entry->time_ns, time);
		buf_printf(out, "%s ", time);
	}
	if (!stream->options.details)
		return;
	struct log_attribute sorted[LOG_LINE_ATTRIBUTES];
	memcpy(sorted, entry->attributes, entry->attribute_count * sizeof *sorted);
	qsort(sorted, entry->attribute_count, sizeof *sorted, attribute_order);
	for (size_t i = 0; i < entry->attribute_count; i++) {
		buf_text(out, i > 0 ? "," : "");
		query_escape(out, sorted[i].key);
		buf_char(out, '=');
		query_escape(out, sorted[i].value);
	}
	buf_char(out, ' ');
}

static void entry_send(struct engine_log_stream *stream, const struct log_entry *entry)
{
	enum { PREFIX_MAX = 64 << 10, HEAD = 8 };
	auto_buf out = BUF_INIT(PREFIX_MAX + entry->size + HEAD);
	char empty[HEAD] = {0};
	if (!stream->raw)
		buf_append(&out, empty, HEAD);
	prefix_put(stream, entry, &out);
	buf_append(&out, entry->text, entry->size);
	if (!stream->raw) {
		size_t size = out.len - HEAD;
		out.data[0] = entry->is_stderr ? 2 : 1;
		for (int i = 0; i < 4; i++)
			out.data[4 + i] = (char)(size >> (24 - 8 * i));
	}
	stream->sink->data(stream->sink, out.data, out.len);
}

static bool entry_wanted(const struct engine_log_stream *stream, const struct log_entry *entry)
{
	const struct engine_logs *options = &stream->options;
	return (entry->is_stderr ? options->err : options->out) && entry->time_ns >= options->since_ns;
}

static void again_fired(struct loop_timer *timer)
{
	pump_soon(container_of(timer, struct engine_log_stream, again));
}

/* The end for now: a follower waits for more while the container runs. The timer stands in where inotify is exhausted.
 */
static void end_reached(struct engine_log_stream *stream, bool was_running)
{
	bool late = stream->options.until_ns && time_wall_ns() > stream->options.until_ns;
	if (stream->options.follow && was_running && !late) {
		loop_timer_start(stream->engine->loop, &stream->again, LOOK_AGAIN_NS, again_fired);
		return;
	}
	stream->over = true;
	stream->sink->ended(stream->sink, NULL);
}

static void pump(struct loop_task *task)
{
	struct engine_log_stream *stream = container_of(task, struct engine_log_stream, task);
	/* Asked before the reading: what a container wrote last is in the log before it counts as ended. */
	bool running = is_running(stream);
	for (int i = 0; i < ENTRIES_PER_TURN && !stream->paused; i++) {
		struct log_entry entry;
		struct err err;
		int rc = log_reader_next(stream->reader, &entry, &err);
		if (rc < 0) {
			stream->over = true;
			stream->sink->ended(stream->sink, &err);
			return;
		}
		if (rc == 0 || (stream->options.until_ns && entry.time_ns > stream->options.until_ns)) {
			end_reached(stream, running && rc == 0);
			return;
		}
		if (entry_wanted(stream, &entry))
			entry_send(stream, &entry);
	}
	pump_soon(stream);
}

static void watch_ready(struct loop_io *io, uint32_t events)
{
	struct engine_log_stream *stream = container_of(io, struct engine_log_stream, watch_io);
	char drain[4096];
	(void)events;
	while (read(io->fd, drain, sizeof drain) > 0)
		continue;
	pump_soon(stream);
}

/* Without a watch (the host has no more to give) the timer looks twice a second. */
static void watch_start(struct engine_log_stream *stream)
{
	struct err ignored;
	struct path_proc path = path_proc_fd(stream->dir);
	stream->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (stream->watch < 0)
		return;
	if (inotify_add_watch(stream->watch, path.text, IN_MODIFY | IN_MOVE | IN_CREATE) < 0 ||
	    loop_io_add(stream->engine->loop, &stream->watch_io, stream->watch, EPOLLIN, watch_ready, &ignored) < 0) {
		close(stream->watch);
		stream->watch = -1;
	}
}

int engine_logs_open(struct engine *engine, const char *name, const struct engine_logs *options,
		     struct engine_log_sink *sink, struct engine_log_stream **out_stream, bool *out_raw,
		     struct err *err)
{
	struct container *container;
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	auto_arena arena = {0};
	const char *file = log_spec_file(container, &arena);
	if (!file)
		return err_set(err, EOPNOTSUPP, "configured logging driver does not support reading");
	struct engine_log_stream *stream = x_alloc(sizeof *stream);
	auto_free char *path = x_printf("containers/%s", container->id);
	stream->engine = engine;
	stream->options = *options;
	stream->sink = sink;
	stream->dir = stream->watch = -1;
	stream->paused = true;
	stream->raw = container->document.config.tty;
	memcpy(stream->id, container->id, sizeof stream->id);
	/* A container that never ran has no directory, and no log. */
	struct err missing;
	if (path_open(engine->data, path, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &stream->dir, &missing) < 0)
		rc = path_open(engine->data, ".", PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &stream->dir, err);
	if (rc == 0)
		rc = log_reader_open(stream->dir, file, options->tail, &stream->reader, err);
	if (rc < 0) {
		engine_logs_close(stream);
		return rc;
	}
	if (options->follow)
		watch_start(stream);
	*out_stream = stream;
	*out_raw = stream->raw;
	return 0;
}

void engine_logs_pause(struct engine_log_stream *stream)
{
	stream->paused = true;
}

void engine_logs_resume(struct engine_log_stream *stream)
{
	stream->paused = false;
	pump_soon(stream);
}
