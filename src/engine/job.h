/*
 * Jobs: `tugd job KIND`, a process of its own for what blocks or reads hostile bytes. Inside the engine only.
 */
#pragma once

#include "engine/engine.h"

/* Ends all jobs, without telling anybody: for engine_close. */
void jobs_end(struct engine *engine);

/* Starts the job that deletes what is in the trash, when there is something and none runs. */
void job_trash(struct engine *engine);
