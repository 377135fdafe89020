/*
 * What pull, push and the questions have in common: a request written down for a job. Inside the engine only.
 */
#pragma once

#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/registry.h"
#include "registry/job.h"

/* Fills in the settings from the engine's configuration; memory in the arena. */
void registry_request_init(const struct engine *engine, struct arena *arena, const struct auth_config *auth,
			   struct registry_request *out_request);

/* For engine_close, after jobs_end. */
void pulls_forget(struct engine *engine);

/* kind: "pull", "push", "registry". */
int registry_job_begin(struct engine *engine, const char *kind, const struct registry_request *request,
		       int (*finish)(struct engine_job *job, struct err *err), struct engine_job_sink *sink,
		       struct engine_job **out_job, struct err *err) must_check;
