/* start, stop, restart, kill, rename, remove, wait, resize, and what a container's monitor tells. */
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/launch.h"
#include "engine/name.h"
#include "engine/run.h"
#include "engine/signal_name.h"
#include "storage/data.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_SECONDS = 10 };
#define SECOND_NS 1000000000LL

static void log_failure(const struct container *container, const struct err *err, const char *what)
{
	log_error(LOG_LEVEL_ERROR, err, what, "container", container->id, NULL);
}

/* --- who waits for the end --- */

static void waiters_tell(struct container *container, enum engine_condition condition, bool or_less)
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

/* --- removal --- */

static int run_dir_remove(struct container *container, struct err *err)
{
	auto_free char *name = x_printf("containers/%s", container->id);
	return path_remove_tree(container->engine->run, name, err);
}

/* The container is REMOVING. Every step may be done twice: a restarted engine does. */
int lifecycle_finish_removal(struct container *container, struct err *err)
{
	struct engine *engine = container->engine;
	int rc = run_dir_remove(container, err);
	if (rc == 0)
		rc = data_remove_container(engine->data, container->id, err);
	if (rc == 0)
		rc = container_delete(container, err);
	if (rc < 0) {
		struct err ignored;
		if (container_change(container, STATE_DEAD, &ignored) < 0)
			log_failure(container, &ignored, "cannot record that a removal failed");
		return rc;
	}
	container->state = STATE_REMOVED;
	container_event(container, "destroy", NULL);
	waiters_tell(container, ENGINE_REMOVED, true);
	attach_drop_early(container);
	exec_forget(container);
	container_free(container);
	job_trash(engine);
	return 0;
}

static int remove_now(struct container *container, struct err *err)
{
	int rc = container_change(container, STATE_REMOVING, err);
	return rc < 0 ? rc : lifecycle_finish_removal(container, err);
}

void engine_remove(struct engine *engine, const char *name, bool force, bool volumes, struct engine_call *call)
{
	struct container *container;
	struct err err;
	(void)volumes; /* there are none yet */
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && container->state == STATE_REMOVING)
		rc = err_set(&err, EBUSY, "removal of container %s is already in progress", name);
	else if (rc == 0 && container->run && !force)
		rc = err_set(&err, EBUSY,
			     "cannot remove container \"%s\": container is %s: stop the container before removing or "
			     "force remove",
			     name, state_docker(container->state, true));
	if (rc == 0 && container->run) {
		struct monitor_message message = {.type = MONITOR_SIGNAL, .code = SIGKILL};
		container->run->remove_after = true;
		call_add(&container->run->removing, call);
		if (run_send(container->run, &message, NULL, 0, NULL, 0, &err) < 0)
			log_failure(container, &err, "cannot end a container");
		return; /* its end, or its monitor's, goes on */
	}
	if (rc == 0)
		rc = remove_now(container, &err);
	call->done(call, rc < 0 ? &err : NULL);
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
		log_failure(container, &err, "cannot record a failed start");
	attach_drop_early(container);
	waiters_tell(container, ENGINE_NEXT_EXIT, true);
	if (container->document.host.auto_remove && remove_now(container, &err) < 0)
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

static int start_begin(struct container *container, struct engine_call *call, struct err *err)
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
		rc = start_begin(container, call, &err);
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
			log_failure(container, &err, "cannot record a start");
		container_event(container, "start", NULL);
		if (restarted)
			container_event(container, "restart", NULL);
	} else if (container_save(container, &err) < 0) {
		log_failure(container, &err, "cannot record a container's state");
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
		log_failure(container, &err, "cannot record the end of a container");
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
	waiters_tell(container, ENGINE_NEXT_EXIT, true);
	call_done_all(&stopping, NULL);
	int rc = 0;
	if (restarting) {
		struct engine_call *call = restarting;
		engine_call_cancel(call);
		rc = start_begin(container, NULL, &err);
		if (rc == 0)
			call_add(&container->run->restarting, call);
		else
			call->done(call, &err);
	} else if (remove) {
		rc = remove_now(container, &err);
		if (rc < 0)
			log_error(LOG_LEVEL_ERROR, &err, "cannot remove a container", NULL);
	}
	call_done_all(&removing, rc < 0 ? &err : NULL);
}

/* --- stop, restart, kill --- */

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
		log_failure(run->container, &err, "cannot end a container");
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
		rc = start_begin(container, call, &err);
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

/* --- the rest --- */

int engine_rename(struct engine *engine, const char *name, const char *new_name, struct err *err)
{
	struct container *container;
	const char *bare = new_name + (new_name[0] == '/');
	if (text_empty(bare))
		return err_set(err, EINVAL, "Neither old nor new names may be empty");
	int rc = container_find(engine, name, &container, err);
	if (rc == 0)
		rc = name_check(bare, err);
	if (rc < 0)
		return rc;
	const struct container *other = container_by_name(engine, bare);
	if (other == container)
		return err_set(err, EINVAL, "Renaming a container with the same name as its current name");
	if (other)
		return err_set(err, EEXIST,
			       "Conflict. The container name \"/%s\" is already in use by container \"%s\". You have "
			       "to remove (or "
			       "rename) that container to be able to reuse that name.",
			       bare, other->id);
	auto_free char *old = x_printf("/%s", container->name);
	rc = container_save_name(container, bare, err);
	if (rc == 0)
		container_event(container, "rename", "oldName", old, NULL);
	return rc;
}

int engine_resize(struct engine *engine, const char *name, uint16_t height, uint16_t width, struct err *err)
{
	struct container *container;
	struct monitor_message message = {.type = MONITOR_RESIZE, .height = height, .width = width};
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "container %s is not running", container->id);
	return run_send(container->run, &message, NULL, 0, NULL, 0, err);
}
