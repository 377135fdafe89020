#include "engine/job.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "image/job.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { REPORT_MAX = 8 << 20, PIPE_SIZE = 1 << 20, OUTPUT_READ = 256 << 10 };

/* --- life --- */

static void job_free(struct engine_job *job)
{
	struct engine_job **link = &job->engine->jobs;
	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	if (job->over && job->context)
		job->over(job);
	loop_child_remove(&job->child);
	loop_io_remove(&job->report);
	loop_io_remove(&job->input);
	loop_io_remove(&job->output);
	cleanup_fd(&job->input_fd);
	cleanup_fd(&job->report_fd);
	cleanup_fd(&job->output_fd);
	cleanup_fd(&job->staging_fd);
	struct err err;
	if (job->staging[0] && data_unstage(job->engine->data, job->staging, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot clear a staging directory", NULL);
	buf_done(&job->line);
	arena_done(&job->arena);
	free(job);
}

void job_tell(struct engine_job *job, const struct progress *line)
{
	if (job->sink && job->sink->progress)
		job->sink->progress(job->sink, line);
}

/* --- the end: what was made becomes visible --- */

static int job_finish(struct engine_job *job, struct err *err)
{
	if (job->failed) {
		*err = job->error;
		return -err->code;
	}
	if (!WIFEXITED(job->status) || WEXITSTATUS(job->status) != 0)
		return err_set(err, EIO,
			       WIFSIGNALED(job->status) ? "the job was ended by signal %d"
							: "the job ended with status %d",
			       WIFSIGNALED(job->status) ? WTERMSIG(job->status) : WEXITSTATUS(job->status));
	return job->finish ? job->finish(job, err) : 0;
}

static void job_over(struct engine_job *job)
{
	struct err err;
	struct engine *engine = job->engine;
	if (!job->ended || !job->report_ended || job->output_fd >= 0)
		return;
	int rc = job_finish(job, &err);
	struct engine_job_sink *sink = job->sink;
	job->sink = NULL;
	/* After a failed one the next removal tries again. */
	bool again = !job->trash || rc == 0;
	job_free(job);
	if (sink)
		sink->ended(sink, rc < 0 ? &err : NULL);
	if (again)
		job_trash(engine);
}

/* --- what it writes --- */

static void output_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct engine_job *job = container_of(io, struct engine_job, output);
	static char data[OUTPUT_READ];
	ssize_t size = read(io->fd, data, sizeof data);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0) {
		if (job->sink && job->sink->data)
			job->sink->data(job->sink, data, (size_t)size);
		return;
	}
	loop_io_remove(&job->output);
	cleanup_fd(&job->output_fd);
	job->output_fd = -1;
	job_over(job);
}

static void output_watch(struct engine_job *job)
{
	struct err err;
	if (job->output_fd < 0 || job->output.loop)
		return;
	if (loop_io_add(job->engine->loop, &job->output, job->output_fd, EPOLLIN, output_ready, &err) < 0)
		BUG("%s", err.msg);
}

void engine_job_pause(struct engine_job *job)
{
	loop_io_remove(&job->output);
}

void engine_job_resume(struct engine_job *job)
{
	output_watch(job);
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
	if (line.answer) {
		job->answer = line.answer;
		if (job->sink && job->sink->answer)
			job->sink->answer(job->sink, line.answer);
		output_watch(job);
	}
	if (line.progress) {
		struct progress_detail detail = {(int64_t)line.progress->current, (int64_t)line.progress->total};
		job_tell(job, &(struct progress){
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
	output_watch(job); /* it may have failed before its answer */
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

enum { JOB_FDS = 4 }; /* 0 to 3, then the request's */

static int pipe_make(int *out_ours, int *out_theirs, bool ours_reads, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	*out_ours = ends[ours_reads ? 0 : 1];
	*out_theirs = ends[ours_reads ? 1 : 0];
	(void)fcntl(*out_ours, F_SETPIPE_SZ, PIPE_SIZE); /* fewer turns; the default does too */
	return fd_set_nonblock(*out_ours, true, err);
}

static int job_spawn(struct engine_job *job, const struct job_request *request, int input, int output, int report,
		     struct err *err)
{
	struct engine *engine = job->engine;
	int fds[JOB_FDS + 1 + JOB_FDS_MAX] = {input, output, STDERR_FILENO, report};
	size_t count = JOB_FDS;
	pid_t pid;
	if (request->staging)
		fds[count++] = job->staging_fd;
	for (size_t i = 0; i < request->fd_count; i++)
		fds[count++] = request->fds[i];
	const struct process_spec spec = {.path = engine->tugd,
					  .exe_fd = -1,
					  .argv = request->argv,
					  .fds = fds,
					  .fd_count = count,
					  .new_session = true,
					  .die_with_parent = true};
	int rc = process_spawn(&spec, &pid, err);
	return rc < 0 ? rc : loop_child_add(engine->loop, &job->child, pid, child_ended, err);
}

static int job_start(struct engine_job *job, const struct job_request *request, struct err *err)
{
	auto_fd int input = -1, output = -1, report = -1;
	if (request->fd_count > JOB_FDS_MAX)
		BUG("a job with %zu descriptors", request->fd_count);
	int rc = pipe_make(&job->report_fd, &report, true, err);
	if (rc == 0 && request->input)
		rc = pipe_make(&job->input_fd, &input, false, err);
	if (rc == 0 && request->output)
		rc = pipe_make(&job->output_fd, &output, true, err);
	if (rc == 0 && request->staging)
		rc = data_stage(job->engine->data, job->staging, &job->staging_fd, err);
	if (rc == 0)
		rc = loop_io_add(job->engine->loop, &job->report, job->report_fd, EPOLLIN, report_ready, err);
	if (rc == 0)
		rc = job_spawn(job, request, input, output, report, err);
	if (rc == 0 && !request->answers)
		output_watch(job);
	return rc;
}

int job_begin(struct engine *engine, const struct job_request *request, struct engine_job_sink *sink,
	      struct engine_job **out_job, struct err *err)
{
	struct engine_job *job = x_alloc(sizeof *job);
	job->engine = engine;
	job->sink = sink;
	job->finish = request->finish;
	job->over = request->over;
	job->input_fd = job->output_fd = job->report_fd = job->staging_fd = -1;
	job->line = (struct buf)BUF_INIT(REPORT_MAX);
	job->next = engine->jobs;
	engine->jobs = job;
	int rc = job_start(job, request, err);
	if (rc < 0) {
		job_free(job);
		return rc;
	}
	*out_job = job;
	return 0;
}

void job_trash(struct engine *engine)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"trash", NULL};
	struct engine_job *job;
	struct err err;
	if (trash_is_empty(engine->data))
		return;
	for (const struct engine_job *at = engine->jobs; at; at = at->next) {
		if (at->trash)
			return; /* what came meanwhile is seen when it ends, or with the next removal */
	}
	auto_fd int trash = openat(engine->data, "trash", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct job_request request = {.argv = argv, .fds = &trash, .fd_count = 1};
	int rc = trash < 0 ? err_sys(&err, "open trash") : job_begin(engine, &request, NULL, &job, &err);
	if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot empty the trash", NULL);
	else
		job->trash = true;
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
	output_watch(job);
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
