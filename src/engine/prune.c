#include "engine/prune.h"

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/prune.h"
#include "engine/call.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/lifecycle.h"
#include "engine/query_filters.h"

#include <stdlib.h>

/* --- measure, remove, tell --- */

static void pruning_end(struct pruning *pruning, const int64_t *sizes)
{
	struct engine *engine = pruning->engine;
	auto_strv char **deleted = NULL;
	int64_t reclaimed = 0;
	for (size_t i = 0; pruning->items[i]; i++) {
		struct err err;
		int rc = pruning->remove(engine, pruning->items[i], &err);
		if (rc < 0)
			log_error(LOG_LEVEL_WARN, &err, "cannot prune", pruning->type, pruning->items[i], NULL);
		if (rc != 0)
			continue;
		strv_push(&deleted, x_strdup(pruning->items[i]));
		reclaimed += sizes ? sizes[i] : 0;
	}
	if (pruning->calls) {
		struct engine_prune *prune = container_of(pruning->calls, struct engine_prune, call);
		size_t count = strv_count(deleted);
		prune->deleted = arena_array(prune->arena, char *, count + 1);
		for (size_t i = 0; i < count; i++)
			prune->deleted[i] = arena_strdup(prune->arena, deleted[i]);
		prune->reclaimed = reclaimed;
	}
	auto_free char *text = x_printf("%lld", (long long)reclaimed);
	struct json_pair pair = {(char *)"reclaimed", text};
	event_publish(&engine->bus, pruning->type, "prune", "", &(struct json_map){&pair, 1}, NULL);
	job_trash(engine);
	call_done_all(&pruning->calls, NULL);
	pruning_free(pruning);
}

/* Without sizes the space is still freed. */
static void pruning_measured(struct usage *usage, const int64_t *sizes, const struct err *err)
{
	if (err)
		log_error(LOG_LEVEL_WARN, err, "cannot measure what is pruned", NULL);
	pruning_end(container_of(usage, struct pruning, usage), sizes);
}

static void pruning_abandoned(struct usage *usage)
{
	pruning_free(container_of(usage, struct pruning, usage));
}

struct pruning *pruning_new(struct engine *engine, const char *type,
			    int (*remove)(struct engine *engine, const char *item, struct err *err))
{
	struct pruning *pruning = x_alloc(sizeof *pruning);
	*pruning = (struct pruning){.engine = engine,
				    .type = type,
				    .remove = remove,
				    .usage = {.done = pruning_measured, .abandoned = pruning_abandoned}};
	return pruning;
}

void pruning_free(struct pruning *pruning)
{
	arena_done(&pruning->arena);
	free(pruning);
}

void pruning_run(struct pruning *pruning, struct engine_prune *prune)
{
	struct err err;
	call_add(&pruning->calls, &prune->call);
	if (!pruning->items[0])
		pruning_end(pruning, NULL);
	else if (usage_start(pruning->engine, &pruning->usage, pruning->paths, &err) < 0)
		pruning_measured(&pruning->usage, NULL, &err);
}

/* --- containers --- */

static bool is_idle(const struct container *container)
{
	return container->state == STATE_CREATED || container->state == STATE_STOPPED ||
	       container->state == STATE_ERROR || container->state == STATE_DEAD;
}

static int container_prune(struct engine *engine, const char *id, struct err *err)
{
	struct container *container;
	if (container_find(engine, id, &container, err) < 0 || !is_idle(container))
		return 1;
	return lifecycle_remove(container, err);
}

static int containers_choose(struct pruning *pruning, const struct engine_query *query, struct err *err)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	struct filters filters;
	int64_t until_ns;
	size_t room = 0, count = 0;
	query_filters(&pruning->arena, query, &filters);
	int rc = query_filters_check(&filters, known, err);
	if (rc == 0)
		rc = prune_until(&filters, time_wall_ns(), &until_ns, err);
	if (rc < 0)
		return rc;
	for (const struct container *at = pruning->engine->containers; at; at = at->next)
		room++;
	pruning->items = arena_array(&pruning->arena, char *, room + 1);
	pruning->paths = arena_array(&pruning->arena, char *, room + 1);
	for (const struct container *at = pruning->engine->containers; at; at = at->next) {
		if (!is_idle(at) || at->created_ns > until_ns ||
		    !prune_fits_labels(&filters, &at->document.config.labels))
			continue;
		pruning->items[count] = arena_strdup(&pruning->arena, at->id);
		pruning->paths[count++] = arena_printf(&pruning->arena, "containers/%s", at->id);
	}
	return 0;
}

void engine_container_prune(struct engine *engine, const struct engine_query *query, struct engine_prune *prune)
{
	struct pruning *pruning = pruning_new(engine, "container", container_prune);
	struct err err;
	if (containers_choose(pruning, query, &err) < 0) {
		pruning_free(pruning);
		prune->call.done(&prune->call, &err);
		return;
	}
	pruning_run(pruning, prune);
}
