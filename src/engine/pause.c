/* pause and unpause: the monitor freezes and thaws the container's control group. */
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/lifecycle.h"

static int paused(struct run *run, void *context, int rc, struct err *err)
{
	struct container *container = run->container;
	(void)context, (void)err;
	if (rc < 0 || container->state != STATE_RUNNING)
		return rc; /* or it is being stopped: then it goes on in a moment */
	container_became(container, STATE_PAUSED);
	health_pause(container);
	container_event(container, "pause", NULL);
	return 0;
}

static int resumed(struct run *run, void *context, int rc, struct err *err)
{
	struct container *container = run->container;
	(void)context;
	if (rc < 0 && err->code != EBUSY) /* that is: it has ended */
		lifecycle_log(container, err, "cannot let a container go on");
	if (rc < 0)
		return rc;
	if (container->state == STATE_PAUSED)
		container_became(container, STATE_RUNNING);
	health_resume(container);
	container_event(container, "unpause", NULL);
	return 0;
}

void engine_pause(struct engine *engine, const char *name, struct engine_call *call)
{
	struct monitor_message message = {.type = MONITOR_PAUSE};
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && container->state == STATE_RESTARTING)
		rc = err_set(&err, EBUSY, "Container %s is restarting, wait until the container is running",
			     container->id);
	else if (rc == 0 && (!container->run || !container->run->started))
		rc = err_set(&err, EBUSY, "container %s is not running", container->id);
	else if (rc == 0 && container->state == STATE_PAUSED)
		rc = err_set(&err, EBUSY, "Container %s is already paused", container->id);
	else if (rc == 0 && container->state != STATE_RUNNING)
		rc = err_set(&err, EBUSY, "container %s is being stopped", container->id);
	if (rc == 0)
		rc = run_act(container->run, &message, NULL, paused, NULL, call, &err);
	if (rc < 0)
		call->done(call, &err);
}

void engine_unpause(struct engine *engine, const char *name, struct engine_call *call)
{
	struct monitor_message message = {.type = MONITOR_RESUME};
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && (!container->run || container->state != STATE_PAUSED))
		rc = err_set(&err, EIO, "Container %s is not paused", container->id);
	if (rc == 0)
		rc = run_act(container->run, &message, NULL, resumed, NULL, call, &err);
	if (rc < 0)
		call->done(call, &err);
}

void pause_end(struct container *container)
{
	struct monitor_message message = {.type = MONITOR_RESUME};
	struct err err;
	if (container->state == STATE_PAUSED && run_act(container->run, &message, NULL, resumed, NULL, NULL, &err) < 0)
		lifecycle_log(container, &err, "cannot let a container go on");
}

void pause_adopt(struct container *container, bool is_paused)
{
	enum state state = is_paused ? STATE_PAUSED : STATE_RUNNING;
	if (container->state != STATE_PAUSED && container->state != STATE_RUNNING)
		return;
	if (container->state != state)
		container_became(container, state);
	if (is_paused)
		health_pause(container);
}
