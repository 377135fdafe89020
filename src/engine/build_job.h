/*
 * The jobs of builds: `tugd job build-plan` and `tugd job build-step`. Inside the engine, and of tugd's list of jobs.
 *
 * build-plan: 0 the context's tar, 4 its staging directory, 5 the request (struct build_request, a sealed file), 6 the
 * engine's replies. It unpacks the context (build_context.h), reads the Dockerfile, asks for images
 * ({"answer":{"base":...}}, one line of JSON comes on 6) and answers with {"answer":{"plan":...}}.
 *
 * build-fetch: 4 its staging directory, 5 the request (struct build_fetch_request). The files come into "fetched".
 *
 * build-step: 4 its staging directory, 5 the request (struct build_step_request), 6 the context, its spool, or the
 * directory of a container, 7 what was fetched, or nothing. It makes one layer: copies, makes a directory, or takes
 * what a command left ("seal").
 */
#pragma once

#include "build/plan.h"

int build_job_plan_main(int argc, char **argv);
int build_job_step_main(int argc, char **argv);
int build_job_fetch_main(int argc, char **argv);

struct build_base_question {
	char *reference, *platform;
};
JSON_DECLARE(build_base_question);

struct build_plan_answer { /* one of them */
	struct build_base_question *base;
	struct build_plan *plan;
};
JSON_DECLARE(build_plan_answer);

struct build_base_reply {
	char *error;
	int64_t code;
	struct build_base base;
	struct oci_image image;
};
JSON_DECLARE(build_base_reply);

struct build_plan_request {
	struct build_request build;
	int64_t contexts;
};
JSON_DECLARE(build_plan_request);

struct build_step_request {
	char *kind;    /* "copy", "workdir", "seal", "extract" */
	char **lower;  /* of the step's root, top first, absolute */
	char **from;   /* of the root that is copied from; NULL: descriptor 6 */
	char *context; /* where in the spool of descriptor 6 the context is; NULL: the descriptor is the directory */
	char **hidden;
	struct build_copy *copy;
	char *directory, *user;
	char **fetched; /* names of files in descriptor 7 that are copied too */
	char **stubs;	/* of "seal": places of mounts */
	int64_t epoch;	/* seconds: no time is later */
	bool fixed;	/* the epoch was given: files that are copied do not move it */
};
JSON_DECLARE(build_step_request);

struct build_fetch_request {
	char **urls;
	char *checksum; /* of the only one, or NULL */
};
JSON_DECLARE(build_fetch_request);

struct build_fetched {
	char *name, *digest;
};
JSON_DECLARE(build_fetched);

struct build_fetch_answer {
	JSON_LIST(struct build_fetched) files;
};
JSON_DECLARE(build_fetch_answer);

struct build_step_answer {
	bool empty;
	int64_t epoch;
};
JSON_DECLARE(build_step_answer);

/* For the two jobs: the answer on descriptor 3. */
void answer_report(const struct json_table *table, const void *structure);
