/*
 * The states of a container and the transitions that are allowed: one table, in state.c. Docker's API knows seven
 * states; state_docker says how ours appear there.
 */
#pragma once

#include "base/error.h"

enum state {
	STATE_CREATED,
	STATE_STARTING,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPING,
	STATE_STOPPED,
	STATE_RESTARTING,
	STATE_REMOVING,
	STATE_REMOVED,
	STATE_DEAD,  /* its removal failed half-way */
	STATE_ERROR, /* it could not be started */
	STATE_COUNT,
};

const char *state_name(enum state state);		       /* ours: "stopping" */
const char *state_docker(enum state state, bool ever_started); /* "created", "running", "paused", "exited", ... */
bool state_is_running(enum state state);		       /* a process may be there */

bool state_may(enum state from, enum state to);
