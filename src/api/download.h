/*
 * The output of a job as a request's answer: save, export, archive. Flows at the client's pace.
 */
#pragma once

#include "api/exchange.h"
#include "engine/engine.h"

struct download {
	struct engine_job_sink sink; /* for the engine's call */
	struct engine_job *job;	     /* from the engine's call */
	struct exchange *x;
	const char *type; /* of the content */
};

/* Lives in the exchange's arena. After the engine's call failed: exchange_fail. */
struct download *download_new(struct exchange *x, const char *type);
