/*
 * Jobs: `tugd job KIND`, a process of its own for what blocks or reads hostile bytes. Inside the engine only.
 *
 * A job gets descriptors 0 (input, or /dev/null), 1 (output, or /dev/null), 2 the engine's, 3 its report (image/job.h),
 * and from 4 on what the request names, behind its staging directory if it has one.
 */
#pragma once

#include "engine/engine.h"
#include "storage/data.h"

enum { JOB_FDS_MAX = 12 };

struct engine_job {
	struct engine *engine;
	struct engine_job *next;
	struct engine_job_sink *sink; /* NULL: nobody is told */
	int (*finish)(struct engine_job *job, struct err *err);
	void (*over)(struct engine_job *job);
	void *context; /* of finish; in the job's arena or the caller's */
	struct loop_child child;
	struct loop_io report; /* the job's descriptor 3 */
	struct loop_io input;  /* to its descriptor 0; in the loop only while it is full */
	struct loop_io output; /* from its descriptor 1; in the loop unless paused */
	int input_fd, output_fd, report_fd;
	struct buf line;
	struct arena arena; /* of result and answer; ends with the job */
	struct image_job_result *result;
	const struct json *answer;
	struct err error;
	bool failed, ended, report_ended, trash;
	int status;
	char staging[STAGING_NAME];
	int staging_fd; /* -1: none */
};

struct job_request {
	char *const *argv; /* "tugd", "job", KIND, ... */
	const int *fds;	   /* stay the caller's */
	size_t fd_count;
	bool staging; /* descriptor 4 is a directory below staging/, gone after finish */
	bool input;   /* engine_job_write */
	bool output;  /* to sink->data */
	bool answers; /* the output is only looked at behind the answer */
	/* Called in the engine after the job has ended well, before sink->ended. NULL: nothing is left to do. */
	int (*finish)(struct engine_job *job, struct err *err);
	void (*over)(struct engine_job *job); /* called at every end, when there is a context; or NULL */
};

/* Nothing is told before it returns; the context may be set then. */
int job_begin(struct engine *engine, const struct job_request *request, struct engine_job_sink *sink,
	      struct engine_job **out_job, struct err *err) must_check;

/* A line of progress for whoever waits. */
void job_tell(struct engine_job *job, const struct progress *line);

/* Ends all jobs, without telling anybody: for engine_close. */
void jobs_end(struct engine *engine);

/* Starts the job that deletes what is in the trash, when there is something and none runs. */
void job_trash(struct engine *engine);
