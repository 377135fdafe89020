#include "engine/state.h"

static const struct {
	const char *name, *docker;
	bool running;
	unsigned next; /* a bit per state */
} rows[STATE_COUNT] = {
#define TO(state) (1U << STATE_##state)
    [STATE_CREATED] = {"created", "created", false, TO(STARTING) | TO(REMOVING)},
    [STATE_STARTING] = {"starting", "created", false, TO(RUNNING) | TO(RESTARTING) | TO(ERROR) | TO(STOPPED)},
    [STATE_RUNNING] = {"running", "running", true, TO(PAUSED) | TO(STOPPING) | TO(STOPPED) | TO(RESTARTING)},
    [STATE_PAUSED] = {"paused", "paused", true, TO(RUNNING) | TO(STOPPING) | TO(STOPPED) | TO(RESTARTING)},
    [STATE_STOPPING] = {"stopping", "running", true, TO(STOPPED) | TO(RESTARTING)},
    [STATE_STOPPED] = {"stopped", "exited", false, TO(STARTING) | TO(RESTARTING) | TO(REMOVING)},
    [STATE_RESTARTING] = {"restarting", "restarting", true, TO(STOPPED) | TO(STARTING) | TO(REMOVING)},
    [STATE_REMOVING] = {"removing", "removing", false, TO(REMOVED) | TO(DEAD)},
    [STATE_REMOVED] = {"removed", "removing", false, 0},
    [STATE_DEAD] = {"dead", "dead", false, TO(REMOVING)},
    [STATE_ERROR] = {"error", "created", false, TO(STARTING) | TO(RESTARTING) | TO(REMOVING)},
#undef TO
};

const char *state_name(enum state state)
{
	return rows[state].name;
}

const char *state_docker(enum state state, bool ever_started)
{
	/* A container that ran once and could not be started again has exited. */
	if (ever_started && (state == STATE_ERROR || state == STATE_STARTING))
		return "exited";
	return rows[state].docker;
}

bool state_is_running(enum state state)
{
	return rows[state].running;
}

bool state_may(enum state from, enum state to)
{
	return rows[from].next & 1U << to;
}
