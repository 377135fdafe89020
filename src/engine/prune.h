/*
 * Removes all containers that do not run; what they took is measured by a job before.
 */
#pragma once

#include "engine/usage.h"
#include "engine/volumes.h"

/* Filters: label, label!, until. As engine_volume_prune. */
void engine_container_prune(struct engine *engine, const struct engine_query *query, struct engine_prune *prune);

/* --- inside the engine only --- */

/* Something that is measured and then removed, item by item. */
struct pruning {
	struct usage usage;
	struct engine *engine;
	struct engine_call *calls; /* at most the prune's */
	struct arena arena;
	char **items, **paths; /* NULL-terminated; paths below DATA */
	const char *type;      /* of the event */
	/* 0: removed; 1: not any more to be removed. Failures are logged. */
	int (*remove)(struct engine *engine, const char *item, struct err *err);
};
struct pruning *pruning_new(struct engine *engine, const char *type,
			    int (*remove)(struct engine *engine, const char *item, struct err *err));
void pruning_free(struct pruning *pruning);
/* Takes it over; the prune is told at the end, perhaps before this returns. */
void pruning_run(struct pruning *pruning, struct engine_prune *prune);
