/* A container's start, and what its monitor tells of it. */
#include "engine/lifecycle.h"

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/death.h"
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/launch.h"
#include "engine/restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000LL

void lifecycle_log(const struct container *container, const struct err *err, const char *what)
{
	log_error(LOG_LEVEL_ERROR, err, what, "container", container->id, NULL);
}

/* --- start --- */

static int start_check(struct container *container, enum lifecycle_how how, struct err *err)
{
	if (container->state == STATE_RESTARTING && how == LIFECYCLE_AGAIN)
		return 0;
	if (container->state == STATE_PAUSED)
		return err_set(err, EBUSY, "cannot start a paused container, try unpause instead");
	if (container->run || container->state == STATE_RESTARTING)
		return err_set(err, EALREADY, "container %s is already running", container->id);
	if (container->state == STATE_REMOVING || container->state == STATE_DEAD)
		return err_set(err, EBUSY, "container is marked for removal and cannot be started");
	return 0;
}

/* A restart that failed, of a container whose policy goes on trying. */
static bool tries_again(const struct container *container)
{
	return container->again &&
	       restart_wanted(&container->document.host.restart_policy, RESTART_AT_END, container->exit_code,
			      container->life.restart_count, container->life.stopped_by_user);
}

/* A start that failed leaves the container as it was, with the reason; with --rm nothing. */
static void start_failed(struct container *container, int exit_code, const char *step, const struct err *cause)
{
	struct err err;
	death_of_start(container, exit_code, step, cause->msg);
	free(container->error);
	container->error = x_strdup(cause->msg);
	container->exit_code = exit_code;
	bool again = tries_again(container);
	container->again = false;
	if (again)
		restart_schedule(container, 0);
	container_became(container, again ? STATE_RESTARTING : STATE_ERROR);
	attach_drop_early(container);
	lifecycle_tell_waiters(container, ENGINE_NEXT_EXIT, true);
	if (container->document.host.auto_remove && lifecycle_remove(container, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err, "cannot remove a container", NULL);
}

static int exit_code_of(const char *message)
{
	static const struct {
		const char *words;
		int code;
	} rows[] = {{"permission denied", 126},
		    {"is a directory", 126},
		    {"executable file not found", 127},
		    {"no such file or directory", 127},
		    {"not a directory", 127}};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (strcasestr(message, rows[i].words))
			return rows[i].code;
	}
	return 128;
}

int lifecycle_start(struct container *container, enum lifecycle_how how, struct engine_call *call, struct err *err)
{
	struct container_life *life = &container->life;
	int rc = start_check(container, how, err);
	if (rc < 0)
		return rc;
	const struct container_life before = *life;
	life->stopped_by_user = false;
	life->oom_kills = life->log_dropped = 0;
	life->boot = container->engine->boot;
	life->restart_count = how == LIFECYCLE_AGAIN ? life->restart_count + 1 : 0;
	if (how == LIFECYCLE_BY_USER)
		life->backoff_ns = 0;
	rc = container_turn(container, STATE_STARTING, err); /* run_start saves it, with the container's address */
	if (rc < 0) {
		*life = before;
		return rc;
	}
	container->again = how == LIFECYCLE_AGAIN;
	container->start_step = "files";
	container->oom_killed = false;
	rc = run_start(container, call, err);
	if (rc < 0)
		start_failed(container, exit_code_of(err->msg), container->start_step, err);
	return rc;
}

void engine_start(struct engine *engine, const char *name, struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0)
		rc = lifecycle_start(container, LIFECYCLE_BY_USER, call, &err);
	if (rc < 0)
		call->done(call, &err);
}

void lifecycle_started(struct run *run, const struct monitor_message *message)
{
	struct container *container = run->container;
	struct err err;
	run->started = true;
	/* Of a run that was there before us the wall clock must tell. */
	int64_t since = message->time_ns > 0 ? time_wall_ns() - message->time_ns : 0;
	run->began_ns = time_monotonic_ns() - (since > 0 ? since : 0);
	container->again = false;
	container->pid = message->pid;
	if (message->time_ns > 0)
		container->started_ns = message->time_ns;
	else if (container->state == STATE_STARTING)
		container->started_ns = time_wall_ns();
	free(container->error);
	container->error = NULL;
	if (container->state == STATE_STARTING) {
		container->exit_code = 0;
		container_became(container, STATE_RUNNING);
		container_event(container, "start", NULL);
		health_begin(container);
		if (run->restarting)
			container_event(container, "restart", NULL);
	} else {
		health_adopt(container);
		if (container_save(container, &err) < 0)
			lifecycle_log(container, &err, "cannot record a container's state");
	}
	call_done_all(&run->starting, NULL);
	call_done_all(&run->restarting, NULL);
	stop_late(run);
}

/* Those who wait for something of a run that is over. */
struct callers {
	struct engine_call *starting, *stopping, *removing, *restarting;
};

static void run_end(struct run *run, struct callers *out_callers)
{
	struct container *container = run->container;
	struct monitor_message bye = {.type = MONITOR_BYE};
	struct err ignored;
	if (run_send(run, &bye, NULL, 0, NULL, 0, &ignored) < 0)
		log_debug("the monitor is gone already", "container", container->id);
	call_move(&out_callers->starting, &run->starting);
	call_move(&out_callers->stopping, &run->stopping);
	call_move(&out_callers->removing, &run->removing);
	call_move(&out_callers->restarting, &run->restarting);
	run_free(run);
	launch_let_go(container);
}

void lifecycle_failed(struct run *run, const struct monitor_message *message, const struct err *cause)
{
	struct container *container = run->container;
	struct callers callers = {0};
	struct err err = *cause, removal;
	bool remove = run->remove_after && !container->document.host.auto_remove;
	int rc = 0;
	run_end(run, &callers);
	launch_left(container);
	if (!text_after(err.msg, "failed to create task"))
		err_wrap(&err, "failed to create task for container: failed to start");
	/* A program that cannot be run is the user's fault (400), all else ours (500). */
	err.code = message->code == 126 || message->code == 127 ? EINVAL : EIO;
	if (callers.stopping || callers.removing) /* who asked for the end does not want another try */
		container->again = false;
	/* Whether there is a program to run is looked at before all else is done. */
	uint32_t step = message->code == 126 || message->code == 127 ? MONITOR_STEP_PROGRAM : message->session;
	start_failed(container, message->code ? message->code : exit_code_of(err.msg), death_step_name(step), &err);
	if (remove) /* without --rm it is still there */
		rc = lifecycle_remove(container, &removal);
	call_done_all(&callers.starting, &err);
	call_done_all(&callers.restarting, &err);
	call_done_all(&callers.stopping, NULL);
	call_done_all(&callers.removing, rc < 0 ? &removal : NULL);
}

/* --- the end --- */

void lifecycle_die_event(struct container *container)
{
	char code[16], seconds[32];
	snprintf(code, sizeof code, "%d", container->exit_code);
	snprintf(seconds, sizeof seconds, "%lld",
		 (long long)((container->finished_ns - container->started_ns) / SECOND_NS));
	container_event(container, "die", "exitCode", code, "execDuration", seconds, NULL);
}

bool lifecycle_ended(struct container *container, enum restart_when when, int64_t ran_ns)
{
	struct container_life *life = &container->life;
	bool again = !container->document.host.auto_remove &&
		     restart_wanted(&container->document.host.restart_policy, when, container->exit_code,
				    life->restart_count, life->stopped_by_user);
	if (again && when == RESTART_AT_END)
		restart_schedule(container, ran_ns);
	else if (again)
		restart_enqueue(container);
	container_became(container, again ? STATE_RESTARTING : STATE_STOPPED);
	return again;
}

/* The user's "restart", second half. */
static void start_again(struct container *container, struct engine_call **callers)
{
	struct err err;
	if (lifecycle_start(container, LIFECYCLE_BY_USER, NULL, &err) < 0)
		call_done_all(callers, &err);
	else
		call_move(&container->run->restarting, callers);
}

void lifecycle_exited(struct run *run, const struct exit_record *exit)
{
	struct container *container = run->container;
	struct callers callers = {0};
	struct err err;
	bool remove = run->remove_after || container->document.host.auto_remove;
	bool restart = run->restart_after && !run->remove_after && !run->stopping;
	bool asked = run->stopping || container->state == STATE_STOPPING;
	container->exit_code = exit ? exit->code : 137;
	container->oom_killed = exit && exit->oom_killed;
	container->finished_ns = exit && exit->time_ns > 0 ? exit->time_ns : time_wall_ns();
	death_of_run(run, exit);
	container->pid = 0;
	int64_t ran_ns = run_length(run);
	run_end(run, &callers);
	health_end(container);
	(void)lifecycle_ended(container, RESTART_AT_END, ran_ns);
	exec_run_over(container);
	lifecycle_die_event(container);
	launch_left(container);
	if (asked)
		container_event(container, "stop", NULL);
	lifecycle_tell_waiters(container, ENGINE_NEXT_EXIT, true);
	call_done_all(&callers.stopping, NULL);
	int rc = 0;
	if (restart && !callers.restarting) {
		restart_cancel(container);
		if (lifecycle_start(container, LIFECYCLE_AGAIN, NULL, &err) < 0)
			lifecycle_log(container, &err, "cannot restart an unhealthy container");
	} else if (remove && !callers.restarting) {
		rc = lifecycle_remove(container, &err);
		if (rc < 0)
			log_error(LOG_LEVEL_ERROR, &err, "cannot remove a container", NULL);
	} else if (callers.restarting) {
		start_again(container, &callers.restarting);
	}
	call_done_all(&callers.removing, rc < 0 ? &err : NULL);
}
