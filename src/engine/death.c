#include "engine/death.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/health.h"

/* Recorded with the container's next save. */
static void keep(struct container *container, const struct death_facts *facts)
{
	struct arena arena = {0};
	struct container_death *death = arena_new(&arena, struct container_death);
	death_describe(&arena, facts, death);
	arena_done(&container->death_arena);
	container->death_arena = arena;
	container->life.death = death;
}

static void exit_facts(const struct container *container, const struct exit_record *exit, struct death_facts *facts)
{
	facts->exit_code = exit->code;
	facts->signal = exit->signal;
	facts->core = exit->core;
	facts->sent = exit->sent;
	facts->pid = container->pid;
	facts->oom = (struct death_oom){exit->oom.limit, exit->oom.kills, exit->oom.pid, (char *)exit->oom.name};
	if (exit->oom_killed && facts->oom.kills == 0)
		facts->oom.kills = 1;
}

/* "137" of a monitor that is gone: nothing else is known. */
static void lost_facts(const struct container *container, struct death_facts *facts)
{
	const char *boot = container->life.boot;
	facts->exit_code = 137;
	facts->cause = boot && !text_equal(boot, container->engine->boot) ? DEATH_REBOOT : DEATH_MONITOR;
}

void death_of_run(struct run *run, const struct exit_record *exit)
{
	struct container *container = run->container;
	auto_arena arena = {0};
	struct death_facts facts = {
	    .cause = run->cause, .grace_over = run->grace_over, .grace_s = run->grace_s, .sent = run->sent};
	if (exit)
		exit_facts(container, exit, &facts);
	else
		lost_facts(container, &facts);
	const struct health_state *health = facts.cause == DEATH_HEALTH ? health_view(container, &arena) : NULL;
	if (health && health->log.count > 0)
		facts.error = health->log.items[health->log.count - 1].output;
	/* Of an engine before this one, only that the user asked is known. */
	if (facts.cause == DEATH_ITSELF && container->state == STATE_STOPPING)
		facts.cause = DEATH_STOP;
	keep(container, &facts);
}

void death_of_absence(struct container *container, const struct exit_record *exit)
{
	struct death_facts facts = {.cause = container->state == STATE_STOPPING ? DEATH_STOP : DEATH_ITSELF};
	if (exit)
		exit_facts(container, exit, &facts);
	else
		lost_facts(container, &facts);
	keep(container, &facts);
}

void death_of_start(struct container *container, int exit_code, const char *step, const char *error)
{
	const struct death_facts facts = {.cause = DEATH_START, .exit_code = exit_code, .step = step, .error = error};
	keep(container, &facts);
}

const char *death_step_name(uint32_t step)
{
	static const char *const names[] = {"monitor", "plan", "log", "streams", "set-up", "program"};
	return step < array_size(names) ? names[step] : "set-up";
}
