/*
 * Health checks of containers: when a probe runs, what its result means, and what follows. The monitor runs it as a
 * session, ends it at its time-out with all that it started, and hands its output over; one at a time. Inside the
 * engine only.
 */
#pragma once

#include "docker/health.h"
#include "engine/run.h"

struct health;

void health_begin(struct container *container); /* it has started */
void health_adopt(struct container *container); /* it was found running: goes on with what the record says */
void health_end(struct container *container);	/* it runs no more */
void health_pause(struct container *container); /* no probe meanwhile */
void health_resume(struct container *container);
void health_free(struct container *container);

/* By exec.c: the probe has ended, or could not be started (failure: why). */
void health_probed(struct container *container, int exit_code, bool timed_out, const char *failure);

enum health_status health_status(const struct container *container); /* HEALTH_NONE without a check */
struct health_state *health_view(const struct container *container, struct arena *arena); /* NULL without one */
