#include "engine/restart.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/depend.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"

#include <unistd.h>

#define DELAY_FIRST_NS 100000000LL
#define DELAY_MAX_NS 60000000000LL
#define RUN_LONG_NS 10000000000LL

bool restart_wanted(const struct restart_policy *policy, enum restart_when when, int exit_code, int64_t restarts,
		    bool stopped_by_user)
{
	const char *name = policy->name ? policy->name : "";
	if (text_equal(name, "always"))
		return when == RESTART_AT_START || !stopped_by_user;
	if (stopped_by_user)
		return false;
	if (text_equal(name, "on-failure"))
		return exit_code != 0 && (policy->maximum_retry_count == 0 || restarts < policy->maximum_retry_count);
	return text_equal(name, "unless-stopped");
}

int64_t restart_delay(int64_t last_ns, int64_t ran_ns)
{
	if (last_ns == 0 || ran_ns >= RUN_LONG_NS)
		return DELAY_FIRST_NS;
	return last_ns >= DELAY_MAX_NS / 2 ? DELAY_MAX_NS : last_ns * 2;
}

/* --- one container --- */

static void due(struct loop_timer *timer)
{
	struct container *container = container_of(timer, struct container, restart_timer);
	const struct restart_policy *policy = &container->document.host.restart_policy;
	struct err err;
	/* The policy may have been changed meanwhile. */
	if (text_empty(policy->name) || text_equal(policy->name, "no")) {
		container->life.backoff_ns = 0;
		container_became(container, STATE_STOPPED);
		return;
	}
	if (lifecycle_start(container, LIFECYCLE_AGAIN, NULL, &err) < 0)
		lifecycle_log(container, &err, "cannot restart a container");
}

void restart_schedule(struct container *container, int64_t ran_ns)
{
	container->life.backoff_ns = restart_delay(container->life.backoff_ns, ran_ns);
	loop_timer_start(container->engine->loop, &container->restart_timer, container->life.backoff_ns, due);
}

void restart_cancel(struct container *container)
{
	loop_timer_stop(&container->restart_timer);
	container->life.backoff_ns = 0;
	container->queued = false;
}

/* --- all of them, when the engine starts --- */

/* So many starts at once keep every processor busy; more would only wait for each other. */
static unsigned start_limit(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	return processors > 0 ? (unsigned)processors * 2 : 2;
}

static void queue_turn(struct loop_task *task);

static void started(struct engine_call *call, const struct err *err)
{
	struct container *container = container_of(call, struct container, queue_call);
	struct engine *engine = container->engine;
	engine->queue_busy--;
	if (err)
		lifecycle_log(container, err, "cannot restart a container");
	restart_queue_run(engine);
}

void restart_enqueue(struct container *container)
{
	container->queued = true;
}

/* What has to run before it: still on its way. */
static bool is_blocked(const struct container *container)
{
	for (const struct container *at = container->engine->containers; at; at = at->next) {
		if (at != container && (at->queued || at->state == STATE_STARTING) && depend_on(container, at))
			return true;
	}
	return false;
}

/* The oldest that waits for nothing; where all wait for each other, the oldest. */
static struct container *next_queued(struct engine *engine)
{
	struct container *first = NULL, *any = NULL;
	for (struct container *at = engine->containers; at; at = at->next) {
		if (!at->queued)
			continue;
		any = at;
		if (!is_blocked(at))
			first = at;
	}
	return first || engine->queue_busy > 0 ? first : any;
}

static void queue_turn(struct loop_task *task)
{
	struct engine *engine = container_of(task, struct engine, queue_task);
	struct container *container;
	while (engine->queue_busy < start_limit() && (container = next_queued(engine))) {
		struct err err;
		container->queued = false;
		container->queue_call = (struct engine_call){.done = started};
		engine->queue_busy++;
		if (lifecycle_start(container, LIFECYCLE_AGAIN, &container->queue_call, &err) < 0)
			started(&container->queue_call, &err);
	}
}

void restart_queue_run(struct engine *engine)
{
	loop_task_add(engine->loop, &engine->queue_task, queue_turn);
}
