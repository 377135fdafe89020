/*
 * Restart policies: whether and when a container that has ended starts again. Docker's rules (moby's restartmanager): a
 * delay of 100 ms that doubles up to a minute and begins anew after a run of ten seconds; `on-failure` counts; what the
 * user stopped stays stopped, until the engine starts (`always`) or for ever. Unlike Docker's, a restart that fails (a
 * port that is taken for a moment) is tried again in the same way. Inside the engine only.
 */
#pragma once

#include "engine/container.h"

enum restart_when {
	RESTART_AT_END,	  /* the container has just ended */
	RESTART_AT_START, /* the engine has started and found it ended */
};

/* The rule, pure. restarts: how often it was restarted since the user started it. */
bool restart_wanted(const struct restart_policy *policy, enum restart_when when, int exit_code, int64_t restarts,
		    bool stopped_by_user);
/* The delay after one of last_ns (0: none) and a run of ran_ns. */
int64_t restart_delay(int64_t last_ns, int64_t ran_ns);

/* For a container that has just become RESTARTING; ran_ns: how long it ran. */
void restart_schedule(struct container *container, int64_t ran_ns);
void restart_cancel(struct container *container); /* its state is the caller's business */

/* At the engine's start: all that wait (restart_enqueue) are started, a few at a time, what they depend on first. */
void restart_enqueue(struct container *container);
void restart_queue_run(struct engine *engine); /* from the loop, as long as something waits */
