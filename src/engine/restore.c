#include "engine/restore.h"

#include "base/log.h"
#include "base/path.h"
#include "base/time.h"
#include "engine/death.h"
#include "engine/engine_state.h"
#include "engine/launch.h"
#include "engine/launch_volumes.h"
#include "engine/lifecycle.h"
#include "engine/names.h"
#include "monitor/exit_record.h"
#include "runtime/cgroup_process.h"

#include <fcntl.h>
#include <stdlib.h>

static int exit_read(const struct container *container, struct exit_record *out_record)
{
	auto_free char *name = x_printf("containers/%s", container->id);
	auto_fd int dir = -1;
	struct err ignored;
	int rc = path_open(container->engine->run, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &dir, &ignored);
	return rc < 0 ? rc : exit_record_read(dir, out_record, &ignored);
}

/* A container whose monitor is gone ended while no engine ran: its `exit` says how; without it, it was killed. */
static void ended_record(struct container *container)
{
	struct exit_record exit;
	bool known = exit_read(container, &exit) == 0;
	death_of_absence(container, known ? &exit : NULL);
	if (!known) {
		launch_clear(container);
		exit =
		    (struct exit_record){.code = 137, .time_ns = time_wall_ns(), .oom_killed = container->oom_killed};
	}
	container->exit_code = exit.code;
	container->oom_killed = exit.oom_killed;
	container->finished_ns = exit.time_ns;
	container->pid = 0;
	launch_let_go(container);
	(void)lifecycle_ended(container, RESTART_AT_START, 0);
	lifecycle_die_event(container);
	launch_left(container);
}

/* A commit holds a container while it reads; when the engine ends meanwhile, nobody lets it go. */
static void run_on(const struct container *container)
{
	auto_free char *cgroup = container_cgroup(container);
	bool frozen = false;
	struct err err;
	if (container->state == STATE_PAUSED || cgroup_frozen(cgroup, &frozen, &err) < 0 || !frozen)
		return;
	if (cgroup_thaw(cgroup, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot let a container run on", "container", container->id, NULL);
}

static int running_restore(struct container *container, struct err *err)
{
	int rc = run_adopt(container, err);
	if (rc == 0) {
		run_on(container);
		return launch_adopt(container, err);
	}
	if (rc != -ENOENT)
		return rc;
	ended_record(container);
	return container->document.host.auto_remove ? lifecycle_remove(container, err) : 0;
}

/* It has ended; its policy may want it up whenever the engine starts. */
static int stopped_restore(struct container *container, struct err *err)
{
	const struct container_life *life = &container->life;
	if (container->started_ns == 0 ||
	    !restart_wanted(&container->document.host.restart_policy, RESTART_AT_START, container->exit_code,
			    life->restart_count, life->stopped_by_user))
		return 0;
	restart_enqueue(container);
	return container_change(container, STATE_RESTARTING, err);
}

/* The start was not acknowledged: whatever came up is taken up, or cleared away. */
static int starting_restore(struct container *container, struct err *err)
{
	int rc = container_change(container, STATE_RUNNING, err);
	if (rc == 0 && container->started_ns == 0)
		container->started_ns = time_wall_ns();
	return rc < 0 ? rc : running_restore(container, err);
}

static int container_restore(struct container *container, struct err *err)
{
	switch (container->state) {
	case STATE_STARTING:
		return starting_restore(container, err);
	case STATE_RUNNING:
	case STATE_PAUSED:
	case STATE_STOPPING:
		return running_restore(container, err);
	case STATE_RESTARTING: /* its delay is over with the engine that waited */
		restart_enqueue(container);
		return 0;
	case STATE_STOPPED:
	case STATE_ERROR:
		return stopped_restore(container, err);
	case STATE_REMOVING:
		return lifecycle_remove(container, err);
	case STATE_CREATED:
	case STATE_REMOVED:
	case STATE_DEAD:
	case STATE_COUNT:
	default:
		return 0;
	}
}

/* A build ends with its engine, and so do its steps. */
static void step_end(struct engine_call *call, const struct err *err)
{
	if (err)
		log_error(LOG_LEVEL_WARN, err, "cannot remove what a build has left", NULL);
	free(call);
}

static void steps_remove(struct engine *engine)
{
	struct container *next;
	for (struct container *at = engine->containers; at; at = next) {
		next = at->next;
		if (!at->document.step)
			continue;
		struct engine_call *call = x_alloc(sizeof *call);
		call->done = step_end;
		engine_remove(engine, at->id, true, true, call);
	}
}

int restore_all(struct engine *engine, struct err *err)
{
	struct container *next;
	(void)err;
	for (struct container *at = engine->containers; at; at = next) {
		struct err failure;
		next = at->next;
		/* One container that cannot be taken up must not keep the others from it. */
		if (container_restore(at, &failure) < 0)
			log_error(LOG_LEVEL_ERROR, &failure, "cannot restore a container", NULL);
	}
	launch_volumes_settle(engine);
	names_settle(engine);
	steps_remove(engine);
	lifecycle_sweep(engine);
	restart_queue_run(engine);
	return 0;
}
