/* stop, restart, kill. */
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"
#include "engine/signal_name.h"

#include <signal.h>
#include <stdio.h>

enum { STOP_SECONDS = 10 };
#define SECOND_NS 1000000000LL

static int signal_send(struct container *container, int number, struct err *err)
{
	struct monitor_message message = {.type = MONITOR_SIGNAL, .code = number};
	char text[16];
	int rc = run_send(container->run, &message, NULL, 0, NULL, 0, err);
	if (rc < 0)
		return rc;
	snprintf(text, sizeof text, "%d", number);
	container_event(container, "kill", "signal", text, NULL);
	return 0;
}

static void grace_over(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, kill_timer);
	struct err err;
	if (signal_send(run->container, SIGKILL, &err) < 0)
		lifecycle_log(run->container, &err, "cannot end a container");
}

/* Asks the container to end, and sees to it that it does. */
static int stop_begin(struct container *container, const char *signal, int64_t seconds, struct err *err)
{
	const struct container_config *config = &container->document.config;
	int number = SIGTERM;
	const char *name = !text_empty(signal) ? signal : config->stop_signal;
	int rc = text_empty(name) ? 0 : signal_parse(name, &number, err);
	if (rc < 0)
		return rc;
	if (seconds == -2) {
		int64_t own = container->engine->config.stop_timeout_s;
		seconds = config->stop_timeout ? *config->stop_timeout : own > 0 ? own : STOP_SECONDS;
	}
	if (container->state == STATE_RUNNING) {
		rc = container_change(container, STATE_STOPPING, err);
		if (rc < 0)
			return rc;
	}
	rc = signal_send(container, number, err);
	if (rc == 0 && seconds >= 0)
		loop_timer_start(container->engine->loop, &container->run->kill_timer,
				 seconds > INT64_MAX / SECOND_NS ? INT64_MAX : seconds * SECOND_NS, grace_over);
	return rc;
}

void engine_stop(struct engine *engine, const char *name, const char *signal, int64_t timeout_s,
		 struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && (!container->run || !container->run->started))
		rc = err_set(&err, EALREADY, "container %s is not running", container->id);
	if (rc == 0)
		rc = stop_begin(container, signal, timeout_s, &err);
	if (rc < 0)
		call->done(call, &err);
	else
		call_add(&container->run->stopping, call);
}

void engine_restart(struct engine *engine, const char *name, const char *signal, int64_t timeout_s,
		    struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && container->run && container->run->started) {
		rc = stop_begin(container, signal, timeout_s, &err);
		if (rc == 0) {
			call_add(&container->run->restarting, call);
			return;
		}
	} else if (rc == 0) {
		rc = lifecycle_start(container, call, &err);
		if (rc == 0)
			return;
	}
	call->done(call, &err);
}

int engine_kill(struct engine *engine, const char *name, const char *signal, struct err *err)
{
	struct container *container;
	int number = SIGKILL;
	int rc = container_find(engine, name, &container, err);
	if (rc == 0 && !text_empty(signal))
		rc = signal_parse(signal, &number, err);
	if (rc < 0)
		return rc;
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "cannot kill container: %s: container %s is not running", name,
			       container->id);
	return signal_send(container, number, err);
}
