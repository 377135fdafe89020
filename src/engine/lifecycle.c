/* A container's start, and what its monitor tells of it. */
#include "engine/lifecycle.h"

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000LL

void lifecycle_log(const struct container *container, const struct err *err, const char *what)
{
	log_error(LOG_LEVEL_ERROR, err, what, "container", container->id, NULL);
}

/* --- start --- */

static int start_check(struct container *container, struct err *err)
{
	if (container->state == STATE_PAUSED)
		return err_set(err, EBUSY, "cannot start a paused container, try unpause instead");
	if (container->run)
		return err_set(err, EALREADY, "container %s is already running", container->id);
	if (container->state == STATE_REMOVING || container->state == STATE_DEAD)
		return err_set(err, EBUSY, "container is marked for removal and cannot be started");
	return 0;
}

/* A start that failed leaves the container as it was, with the reason; with --rm nothing. */
static void start_failed(struct container *container, int exit_code, const struct err *cause)
{
	struct err err;
	free(container->error);
	container->error = x_strdup(cause->msg);
	container->exit_code = exit_code;
	if (container_change(container, STATE_ERROR, &err) < 0)
		lifecycle_log(container, &err, "cannot record a failed start");
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

int lifecycle_start(struct container *container, struct engine_call *call, struct err *err)
{
	int rc = start_check(container, err);
	if (rc == 0)
		rc = container_change(container, STATE_STARTING, err);
	if (rc < 0)
		return rc;
	container->oom_killed = false;
	rc = run_start(container, call, err);
	if (rc < 0)
		start_failed(container, exit_code_of(err->msg), err);
	return rc;
}

void engine_start(struct engine *engine, const char *name, struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0)
		rc = lifecycle_start(container, call, &err);
	if (rc < 0)
		call->done(call, &err);
}

void lifecycle_started(struct run *run, const struct monitor_message *message)
{
	struct container *container = run->container;
	struct err err;
	bool restarted = run->restarting != NULL;
	run->started = true;
	container->pid = message->pid;
	if (message->time_ns > 0)
		container->started_ns = message->time_ns;
	else if (container->state == STATE_STARTING)
		container->started_ns = time_wall_ns();
	free(container->error);
	container->error = NULL;
	if (container->state == STATE_STARTING) {
		container->exit_code = 0;
		if (container_change(container, STATE_RUNNING, &err) < 0)
			lifecycle_log(container, &err, "cannot record a start");
		container_event(container, "start", NULL);
		if (restarted)
			container_event(container, "restart", NULL);
	} else if (container_save(container, &err) < 0) {
		lifecycle_log(container, &err, "cannot record a container's state");
	}
	call_done_all(&run->starting, NULL);
	call_done_all(&run->restarting, NULL);
}

void lifecycle_failed(struct run *run, const struct monitor_message *message, const struct err *cause)
{
	struct container *container = run->container;
	struct err err = *cause;
	struct engine_call *starting = run->starting, *removing = run->removing, *restarting = run->restarting;
	struct monitor_message bye = {.type = MONITOR_BYE};
	struct err ignored;
	if (run_send(run, &bye, NULL, 0, NULL, 0, &ignored) < 0)
		log_debug("a monitor that failed is gone already", "container", container->id);
	run->starting = run->removing = run->restarting = NULL;
	run_free(run);
	launch_release(container);
	if (!text_after(err.msg, "failed to create task"))
		err_wrap(&err, "failed to create task for container: failed to start");
	/* A program that cannot be run is the user's fault (400), all else ours (500). */
	err.code = message->code == 126 || message->code == 127 ? EINVAL : EIO;
	if (starting)
		starting->link = &starting;
	if (removing)
		removing->link = &removing;
	if (restarting)
		restarting->link = &restarting;
	start_failed(container, message->code ? message->code : exit_code_of(err.msg), &err);
	call_done_all(&starting, &err);
	call_done_all(&restarting, &err);
	call_done_all(&removing, NULL);
}

/* --- the end --- */

static void die_event(struct container *container)
{
	char code[16], seconds[32];
	snprintf(code, sizeof code, "%d", container->exit_code);
	snprintf(seconds, sizeof seconds, "%lld",
		 (long long)((container->finished_ns - container->started_ns) / SECOND_NS));
	container_event(container, "die", "exitCode", code, "execDuration", seconds, NULL);
}

void lifecycle_exited(struct run *run, int code, bool oom, int64_t time_ns)
{
	struct container *container = run->container;
	struct monitor_message bye = {.type = MONITOR_BYE};
	struct err err;
	bool remove = run->remove_after || container->document.host.auto_remove;
	bool asked = run->stopping || container->state == STATE_STOPPING;
	struct engine_call *stopping = run->stopping, *removing = run->removing, *restarting = run->restarting;
	container->exit_code = code;
	container->oom_killed = oom;
	container->finished_ns = time_ns > 0 ? time_ns : time_wall_ns();
	container->pid = 0;
	launch_release(container);
	if (container_change(container, STATE_STOPPED, &err) < 0)
		lifecycle_log(container, &err, "cannot record the end of a container");
	if (run_send(run, &bye, NULL, 0, NULL, 0, &err) < 0)
		log_debug("the monitor is gone already", "container", container->id);
	run->stopping = run->removing = run->restarting = NULL;
	run_free(run);
	if (stopping)
		stopping->link = &stopping;
	if (removing)
		removing->link = &removing;
	if (restarting)
		restarting->link = &restarting;
	exec_run_over(container);
	die_event(container);
	if (asked)
		container_event(container, "stop", NULL);
	lifecycle_tell_waiters(container, ENGINE_NEXT_EXIT, true);
	call_done_all(&stopping, NULL);
	int rc = 0;
	if (restarting) {
		struct engine_call *call = restarting;
		engine_call_cancel(call);
		rc = lifecycle_start(container, NULL, &err);
		if (rc == 0)
			call_add(&container->run->restarting, call);
		else
			call->done(call, &err);
	} else if (remove) {
		rc = lifecycle_remove(container, &err);
		if (rc < 0)
			log_error(LOG_LEVEL_ERROR, &err, "cannot remove a container", NULL);
	}
	call_done_all(&removing, rc < 0 ? &err : NULL);
}
