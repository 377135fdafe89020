/*
 * A container's changes become an image: commit.
 */
#pragma once

#include "docker/container_config.h"
#include "engine/engine.h"

struct engine_commit {
	const char *container, *repository, *tag, *comment, *author; /* NULL or "": none */
	bool pause;						     /* the container stands still while it is read */
	char *const *changes;					     /* instructions of a Dockerfile */
	const struct container_config *config; /* what differs from the container's own; NULL: nothing */
};

/* The image's ID comes as the status of one line of progress. -ENOENT, -EINVAL before a job is started. */
int engine_commit(struct engine *engine, const struct engine_commit *commit, struct engine_job_sink *sink,
		  struct engine_job **out_job, struct err *err) must_check;
