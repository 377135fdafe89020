/* stop, restart, kill. */
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"
#include "engine/signal_name.h"
#include "engine/stuck.h"

#include <signal.h>
#include <stdio.h>

enum { STOP_SECONDS = 10, STUCK_SECONDS = 5 };
#define SECOND_NS 1000000000LL

/* Who waits for the end is told what it waits for; the end itself, when it comes, is still one. */
static void stuck(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, stuck_timer);
	auto_free char *why = stuck_text(run->container);
	struct err err;
	err_set(&err, EIO, "tried to kill container, but did not receive an exit event: %s", why);
	lifecycle_log(run->container, &err, "a container does not end");
	call_done_all(&run->stopping, &err);
	call_done_all(&run->restarting, &err);
	err_wrap(&err, "cannot remove container \"%s\": could not kill", run->container->name);
	call_done_all(&run->removing, &err);
}

int stop_signal(struct container *container, int number, struct err *err)
{
	struct monitor_message message = {.type = MONITOR_SIGNAL, .code = number};
	struct run *run = container->run;
	char text[16];
	int rc = run_send(run, &message, NULL, 0, NULL, 0, err);
	if (rc < 0)
		return rc;
	if (number == SIGKILL)
		loop_timer_start(container->engine->loop, &run->stuck_timer, STUCK_SECONDS * SECOND_NS, stuck);
	run->sent = number;
	snprintf(text, sizeof text, "%d", number);
	container_event(container, "kill", "signal", text, NULL);
	return 0;
}

static void grace_over(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, kill_timer);
	struct err err;
	run->grace_over = true;
	if (stop_signal(run->container, SIGKILL, &err) < 0)
		lifecycle_log(run->container, &err, "cannot end a container");
}

/* Asks the container to end, and sees to it that it does. */
static int stop_send(struct container *container, int number, int64_t seconds, struct err *err)
{
	struct run *run = container->run;
	container->life.stopped_by_user = true;
	run->cause = run->cause == DEATH_ITSELF ? DEATH_STOP : run->cause;
	run->grace_s = seconds;
	int rc = container->state == STATE_RUNNING ? container_change(container, STATE_STOPPING, err)
						   : container_save(container, err);
	if (rc == 0)
		rc = stop_signal(container, number, err);
	if (rc == 0)
		pause_end(container);
	if (rc == 0 && seconds >= 0)
		loop_timer_start(container->engine->loop, &run->kill_timer,
				 seconds > INT64_MAX / SECOND_NS ? INT64_MAX : seconds * SECOND_NS, grace_over);
	return rc;
}

/* It is still being started: the signal follows. */
static void late_ask(struct run *run, int number, int64_t seconds)
{
	run->late.asked = true;
	run->late.signal = number;
	run->late.seconds = seconds;
}

/* signal and seconds as engine_stop has them. */
static int stop_begin(struct container *container, const char *signal, int64_t seconds, struct err *err)
{
	const struct container_config *config = &container->document.config;
	struct run *run = container->run;
	int number = SIGTERM;
	const char *name = !text_empty(signal) ? signal : config->stop_signal;
	int rc = text_empty(name) ? 0 : signal_parse(name, &number, err);
	if (rc < 0)
		return rc;
	if (seconds == -2) {
		int64_t own = container->engine->config.stop_timeout_s;
		seconds = config->stop_timeout ? *config->stop_timeout : own > 0 ? own : STOP_SECONDS;
	}
	if (run->started)
		return stop_send(container, number, seconds, err);
	late_ask(run, number, seconds);
	return 0;
}

void stop_late(struct run *run)
{
	struct err err;
	int rc = 0;
	if (run->remove_after)
		rc = stop_signal(run->container, SIGKILL, &err);
	else if (run->late.asked)
		rc = stop_send(run->container, run->late.signal, run->late.seconds, &err);
	run->late.asked = false;
	if (rc < 0)
		lifecycle_log(run->container, &err, "cannot end a container");
}

void stop_unhealthy(struct container *container)
{
	const struct health_config *health = container->document.config.healthcheck;
	const char *action = health && health->on_failure ? health->on_failure : "none";
	struct err err;
	int rc = 0;
	if (text_equal(action, "none") || !container->run || !container->run->started)
		return;
	bool restarts = text_equal(action, "restart");
	container->run->restart_after = restarts;
	container->run->cause = DEATH_HEALTH;
	if (text_equal(action, "kill"))
		rc = stop_signal(container, SIGKILL, &err); /* its restart policy decides what follows */
	else
		rc = stop_begin(container, NULL, -2, &err);
	if (restarts)
		container->life.stopped_by_user = false;
	if (rc < 0)
		lifecycle_log(container, &err, "cannot end an unhealthy container");
}

/* A container that waits for its restart does not get it. */
static int waiting_stop(struct container *container, struct err *err)
{
	container->life.stopped_by_user = true;
	int rc = container_change(container, STATE_STOPPED, err);
	if (rc < 0)
		return rc;
	restart_cancel(container);
	container_event(container, "stop", NULL);
	lifecycle_tell_waiters(container, ENGINE_NEXT_EXIT, true);
	return 0;
}

void engine_stop(struct engine *engine, const char *name, const char *signal, int64_t timeout_s,
		 struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && container->state == STATE_RESTARTING) {
		rc = waiting_stop(container, &err);
		call->done(call, rc < 0 ? &err : NULL);
		return;
	}
	if (rc == 0 && !container->run)
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
	if (rc == 0 && container->state == STATE_RESTARTING)
		rc = waiting_stop(container, &err);
	if (rc == 0 && container->run) {
		rc = stop_begin(container, signal, timeout_s, &err);
		if (rc == 0) {
			call_add(&container->run->restarting, call);
			return;
		}
	} else if (rc == 0) {
		rc = lifecycle_start(container, LIFECYCLE_BY_USER, NULL, &err);
		if (rc == 0) {
			call_add(&container->run->restarting, call);
			return;
		}
	}
	call->done(call, &err);
}

/* A signal that ends the container by the user's will, so that its policy has nothing to say. */
static bool is_the_end(const struct container *container, int number)
{
	const char *own = container->document.config.stop_signal;
	int stop = SIGTERM;
	struct err ignored;
	if (!text_empty(own) && signal_parse(own, &stop, &ignored) < 0)
		stop = SIGTERM;
	return number == SIGKILL || number == stop;
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
	if (container->state == STATE_RESTARTING)
		return is_the_end(container, number) ? waiting_stop(container, err) : 0;
	if (container->run && !container->run->started && is_the_end(container, number)) {
		late_ask(container->run, number, -1);
		return 0;
	}
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "cannot kill container: %s: container %s is not running", name,
			       container->id);
	if (is_the_end(container, number)) {
		if (container->run->cause == DEATH_ITSELF)
			container->run->cause = DEATH_KILL;
		container->life.stopped_by_user = true;
		rc = container_save(container, err);
	}
	if (rc == 0)
		rc = stop_signal(container, number, err);
	if (rc == 0 && is_the_end(container, number))
		pause_end(container);
	return rc;
}
