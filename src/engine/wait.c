/* wait: who wants to know that a container has ended. */
#include "engine/engine_state.h"
#include "engine/lifecycle.h"

void lifecycle_tell_waiters(struct container *container, enum engine_condition condition, bool or_less)
{
	struct engine_call *call = container->waiters, *next;
	for (; call; call = next) {
		next = call->next;
		if (call->condition != (int)condition && !(or_less && call->condition != ENGINE_REMOVED))
			continue;
		call->exit_code = container->exit_code;
		call->exit_error = NULL;
		call_done(call, NULL);
	}
}

void engine_wait(struct engine *engine, const char *name, enum engine_condition condition, struct engine_call *call)
{
	struct container *container;
	struct err err;
	if (container_find(engine, name, &container, &err) < 0) {
		call->done(call, &err);
		return;
	}
	bool ended = !state_is_running(container->state) && container->state != STATE_STARTING;
	if (condition == ENGINE_NOT_RUNNING && ended) {
		call->exit_code = container->exit_code;
		call->exit_error = NULL;
		call->done(call, NULL);
		return;
	}
	call->condition = (int)condition;
	call_add(&container->waiters, call);
}
