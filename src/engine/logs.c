/* logs: from the reader to the client, at the client's pace. */
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
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

static void entry_send(struct engine_log_stream *stream, const struct log_entry *entry)
{
	char stamp[TIME_TEXT + 1] = "", time[TIME_TEXT];
	if (stream->options.timestamps) {
		time_rfc3339(entry->time_ns, time);
		snprintf(stamp, sizeof stamp, "%s ", time);
	}
	size_t stamp_size = strlen(stamp), size = stamp_size + entry->size;
	char *data = x_alloc(size + 8), *at = data;
	if (!stream->raw) {
		const uint8_t head[8] = {entry->is_stderr ? 2 : 1,
					 0,
					 0,
					 0,
					 (uint8_t)(size >> 24),
					 (uint8_t)(size >> 16),
					 (uint8_t)(size >> 8),
					 (uint8_t)size};
		memcpy(at, head, sizeof head);
		at += sizeof head;
	}
	memcpy(at, stamp, stamp_size);
	memcpy(at + stamp_size, entry->text, entry->size);
	stream->sink->data(stream->sink, data, (size_t)(at - data) + size);
	free(data);
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
	if (!text_equal(container->document.host.log.type, "json-file"))
		return err_set(err, EOPNOTSUPP, "configured logging driver does not support reading");
	struct engine_log_stream *stream = x_alloc(sizeof *stream);
	auto_free char *path = x_printf("containers/%s", container->id), *file = x_printf("%s-json.log", container->id);
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
