/*
 * Images as archives for others: save.
 */
#pragma once

#include "engine/engine.h"

struct engine_save {
	char *const *names; /* as people write them: a name without tag stands for all its tags, an ID for no name */
	char *const *platforms; /* "linux/arm64" or JSON; NULL or empty: what is there */
};

/* The archive comes as the sink's data. -ENOENT, -EINVAL before a job is started. */
int engine_save(struct engine *engine, const struct engine_save *save, struct engine_job_sink *sink,
		struct engine_job **out_job, struct err *err) must_check;

/* Whether an image is there for a platform ("linux/arm64" or JSON; NULL or "": any). -ENOENT with Docker's words. */
int engine_image_platform(struct engine *engine, const char *name, const char *platform, struct err *err) must_check;
