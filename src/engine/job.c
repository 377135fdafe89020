#include "engine/job.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "docker/reference.h"
#include "engine/engine_state.h"
#include "image/job.h"
#include "storage/data.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { REPORT_MAX = 8 << 20, REPORT_READ = 64 << 10, PIPE_SIZE = 1 << 20 };

struct engine_job {
	struct engine *engine;
	struct engine_job *next;
	struct engine_job_sink *sink; /* NULL: nobody is told */
	struct loop_child child;
	struct loop_io report; /* the job's descriptor 3 */
	struct loop_io input;  /* to its descriptor 0; in the loop only while it is full */
	int input_fd, report_fd;
	struct buf line;
	struct arena arena; /* of the result */
	struct image_job_result *result;
	struct err error;
	bool failed, ended, report_ended, trash;
	int status;
	char staging[STAGING_NAME];
	int staging_fd;		/* -1: none */
	char *repository, *tag; /* of import; NULL: none */
};

/* --- life --- */

static void job_free(struct engine_job *job)
{
	struct engine_job **link = &job->engine->jobs;
	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	loop_child_remove(&job->child);
	loop_io_remove(&job->report);
	loop_io_remove(&job->input);
	cleanup_fd(&job->input_fd);
	cleanup_fd(&job->report_fd);
	cleanup_fd(&job->staging_fd);
	struct err err;
	if (job->staging[0] && data_unstage(job->engine->data, job->staging, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot clear a staging directory", NULL);
	buf_done(&job->line);
	arena_done(&job->arena);
	free(job->repository);
	free(job->tag);
	free(job);
}

static void progress_tell(struct engine_job *job, const struct progress *line)
{
	if (job->sink)
		job->sink->progress(job->sink, line);
}

/* --- the end: what was made becomes visible --- */

static int import_finish(struct engine_job *job, struct err *err)
{
	struct engine *engine = job->engine;
	if (job->result->images.count != 1)
		return err_set(err, EPROTO, "the import made no image");
	struct digest id;
	int rc = digest_parse(job->result->images.items[0].id, &id, err);
	if (rc == 0 && !text_empty(job->repository))
		rc = image_tag_id(engine->images, &id, job->repository, job->tag, err);
	if (rc < 0)
		return rc;
	progress_tell(job, &(struct progress){.status = id.text});
	struct json_pair pair = {(char *)"name", job->repository ? job->repository : id.text};
	event_publish(&engine->bus, "image", "import", id.text, &(struct json_map){&pair, 1}, NULL);
	return 0;
}

static void load_finish(struct engine_job *job)
{
	for (size_t i = 0; i < job->result->images.count; i++) {
		const struct image_job_image *image = &job->result->images.items[i];
		bool named = image->names && image->names[0];
		auto_free char *anonymous = x_printf("Loaded image ID: %s\n", image->id);
		if (!named)
			progress_tell(job, &(struct progress){.stream = anonymous});
		for (char **name = image->names; name && *name; name++) {
			struct reference reference;
			struct err ignored;
			char text[REFERENCE_TEXT_MAX];
			if (reference_parse(*name, &reference, &ignored) < 0)
				continue; /* image_store_put has checked them */
			reference_familiar(&reference, text);
			auto_free char *line = x_printf("Loaded image: %s\n", text);
			progress_tell(job, &(struct progress){.stream = line});
		}
		struct json_pair pair = {(char *)"name", named ? image->names[0] : image->id};
		event_publish(&job->engine->bus, "image", "load", image->id, &(struct json_map){&pair, 1}, NULL);
	}
}

static int job_finish(struct engine_job *job, struct err *err)
{
	if (job->failed) {
		*err = job->error;
		return -err->code;
	}
	if (!WIFEXITED(job->status) || WEXITSTATUS(job->status) != 0 || !job->result)
		return err_set(err, EIO,
			       WIFSIGNALED(job->status) ? "the job was ended by signal %d"
							: "the job ended with status %d",
			       WIFSIGNALED(job->status) ? WTERMSIG(job->status) : WEXITSTATUS(job->status));
	int rc = image_store_put(job->engine->images, job->staging_fd, job->result, err);
	if (rc < 0)
		return rc;
	if (job->repository)
		return import_finish(job, err);
	load_finish(job);
	return 0;
}

static void job_over(struct engine_job *job)
{
	struct err err;
	struct engine *engine = job->engine;
	if (!job->ended || !job->report_ended)
		return;
	int rc = job->trash ? 0 : job_finish(job, &err);
	struct engine_job_sink *sink = job->sink;
	job->sink = NULL;
	/* After a failed one the next removal tries again. */
	bool again = !job->trash || (WIFEXITED(job->status) && WEXITSTATUS(job->status) == 0);
	job_free(job);
	if (sink)
		sink->ended(sink, rc < 0 ? &err : NULL);
	if (again)
		job_trash(engine);
}

/* --- the report --- */

static void line_take(struct engine_job *job)
{
	struct image_job_line line = {0};
	struct err err;
	if (job->line.len == 0)
		return;
	int rc = json_load(&job->arena, &table_image_job_line, job->line.data, job->line.len, "the job's report", 0,
			   &line, &err);
	buf_reset(&job->line);
	if (rc < 0) {
		job->error = err;
		job->failed = true;
		return;
	}
	if (line.error) {
		err_set(&job->error, (int)line.error->code, "%s", line.error->message ? line.error->message : "failed");
		job->failed = true;
	}
	if (line.result)
		job->result = line.result;
	if (line.progress) {
		struct progress_detail detail = {(int64_t)line.progress->current, (int64_t)line.progress->total};
		progress_tell(job, &(struct progress){
				       .status = line.progress->status, .id = line.progress->id, .detail = &detail});
	}
}

static void report_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct engine_job *job = container_of(io, struct engine_job, report);
	char data[4096];
	ssize_t size = read(io->fd, data, sizeof data);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			line_take(job);
		else
			buf_char(&job->line, data[i]);
	}
	if (size > 0 && !job->line.overflow)
		return;
	if (job->line.overflow && !job->failed) {
		err_set(&job->error, EPROTO, "the job's report is too long");
		job->failed = true;
	}
	loop_io_remove(&job->report);
	job->report_ended = true;
	job_over(job);
}

static void child_ended(struct loop_child *child, int status)
{
	struct engine_job *job = container_of(child, struct engine_job, child);
	job->ended = true;
	job->status = status;
	job_over(job);
}

/* --- start --- */

static int job_spawn(struct engine_job *job, char *const *argv, int input, int report, struct err *err)
{
	struct engine *engine = job->engine;
	pid_t pid;
	auto_fd int layers = -1;
	int fds[] = {input, -1, STDERR_FILENO, report, job->staging_fd, -1};
	size_t count = 5;
	if (job->trash) {
		layers = openat(engine->data, "trash", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fds[4] = layers;
	} else {
		layers = openat(engine->data, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fds[5] = layers;
		count = 6;
	}
	if (layers < 0)
		return err_sys(err, "open a directory for the job");
	const struct process_spec spec = {.path = engine->tugd,
					  .exe_fd = -1,
					  .argv = argv,
					  .fds = fds,
					  .fd_count = count,
					  .new_session = true,
					  .die_with_parent = true};
	int rc = process_spawn(&spec, &pid, err);
	return rc < 0 ? rc : loop_child_add(engine->loop, &job->child, pid, child_ended, err);
}

static int job_start(struct engine_job *job, char *const *argv, struct err *err)
{
	int report[2], input[2];
	auto_fd int their_input = -1;
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	job->report_fd = report[0];
	auto_fd int their_report = report[1];
	if (!job->trash) {
		if (pipe2(input, O_CLOEXEC) < 0)
			return err_sys(err, "pipe2");
		job->input_fd = input[1];
		their_input = input[0];
		(void)fcntl(job->input_fd, F_SETPIPE_SZ, PIPE_SIZE); /* fewer turns; the default does too */
		int rc = fd_set_nonblock(job->input_fd, true, err);
		if (rc < 0)
			return rc;
	}
	int rc = fd_set_nonblock(job->report_fd, true, err);
	if (rc == 0)
		rc = loop_io_add(job->engine->loop, &job->report, job->report_fd, EPOLLIN, report_ready, err);
	return rc < 0 ? rc : job_spawn(job, argv, their_input, their_report, err);
}

static struct engine_job *job_new(struct engine *engine, struct engine_job_sink *sink)
{
	struct engine_job *job = x_alloc(sizeof *job);
	job->engine = engine;
	job->sink = sink;
	job->input_fd = job->report_fd = job->staging_fd = -1;
	job->line = (struct buf)BUF_INIT(REPORT_MAX);
	job->next = engine->jobs;
	engine->jobs = job;
	return job;
}

static int archive_job(struct engine_job *job, char *const *argv, struct engine_job **out_job, struct err *err)
{
	int rc = data_stage(job->engine->data, job->staging, &job->staging_fd, err);
	if (rc == 0)
		rc = job_start(job, argv, err);
	if (rc < 0) {
		job_free(job);
		return rc;
	}
	*out_job = job;
	return 0;
}

int engine_load(struct engine *engine, struct engine_job_sink *sink, struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"load", NULL};
	return archive_job(job_new(engine, sink), argv, out_job, err);
}

/* The name must be good before the archive is read. */
static int import_check(const struct engine_import *import, struct err *err)
{
	struct reference reference;
	for (char *const *change = import->changes; change && *change; change++) {
		int rc = image_change_check(*change, err);
		if (rc < 0)
			return rc;
	}
	if (text_empty(import->repository))
		return 0;
	int rc = reference_parse(import->repository, &reference, err);
	return rc < 0 || text_empty(import->tag) ? rc : reference_check_tag(import->tag, err);
}

int engine_import(struct engine *engine, const struct engine_import *import, struct engine_job_sink *sink,
		  struct engine_job **out_job, struct err *err)
{
	auto_strv char **argv = NULL;
	int rc = import_check(import, err);
	if (rc < 0)
		return rc;
	strv_push(&argv, x_strdup("tugd"));
	strv_push(&argv, x_strdup("job"));
	strv_push(&argv, x_strdup("import"));
	for (char *const *change = import->changes; change && *change; change++) {
		strv_push(&argv, x_strdup("--change"));
		strv_push(&argv, x_strdup(*change));
	}
	if (!text_empty(import->message)) {
		strv_push(&argv, x_strdup("--message"));
		strv_push(&argv, x_strdup(import->message));
	}
	if (!text_empty(import->platform)) {
		strv_push(&argv, x_strdup("--platform"));
		strv_push(&argv, x_strdup(import->platform));
	}
	struct engine_job *job = job_new(engine, sink);
	job->repository = x_strdup(import->repository ? import->repository : "");
	job->tag = x_strdup(import->tag ? import->tag : "");
	return archive_job(job, argv, out_job, err);
}

void job_trash(struct engine *engine)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"trash", NULL};
	struct err err;
	if (trash_is_empty(engine->data))
		return;
	for (const struct engine_job *at = engine->jobs; at; at = at->next) {
		if (at->trash)
			return; /* what came meanwhile is seen when it ends, or with the next removal */
	}
	struct engine_job *job = job_new(engine, NULL);
	job->trash = true;
	if (job_start(job, argv, &err) < 0) {
		log_error(LOG_LEVEL_WARN, &err, "cannot empty the trash", NULL);
		job_free(job);
	}
}

/* --- input --- */

static void input_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct engine_job *job = container_of(io, struct engine_job, input);
	loop_io_remove(&job->input);
	if (job->sink)
		job->sink->writable(job->sink);
}

size_t engine_job_write(struct engine_job *job, const void *data, size_t size)
{
	struct err err;
	if (job->input_fd < 0)
		return size;
	ssize_t written = write(job->input_fd, data, size);
	if (written < 0 && errno != EAGAIN && errno != EINTR) {
		cleanup_fd(&job->input_fd); /* it reads no more: how it ended is what counts */
		job->input_fd = -1;
		return size;
	}
	size_t taken = written > 0 ? (size_t)written : 0;
	if (taken < size && !job->input.loop &&
	    loop_io_add(job->engine->loop, &job->input, job->input_fd, EPOLLOUT, input_ready, &err) < 0)
		BUG("%s", err.msg);
	return taken;
}

void engine_job_finish(struct engine_job *job)
{
	loop_io_remove(&job->input);
	cleanup_fd(&job->input_fd);
	job->input_fd = -1;
}

void engine_job_cancel(struct engine_job *job)
{
	job->sink = NULL;
	if (job->child.pid > 0 && !job->ended)
		(void)kill(job->child.pid, SIGKILL); /* its end clears the staging directory */
}

void jobs_end(struct engine *engine)
{
	while (engine->jobs) {
		struct engine_job *job = engine->jobs;
		int status;
		struct err ignored;
		job->sink = NULL;
		if (job->child.pid > 0 && !job->ended) {
			(void)kill(job->child.pid, SIGKILL);
			loop_child_remove(&job->child);
			if (process_wait(job->child.pid, &status, &ignored) < 0)
				job->ended = true;
		}
		job_free(job);
	}
}
