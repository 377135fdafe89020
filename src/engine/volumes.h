/*
 * Volumes as the API sees them, and what the rest of the engine asks of them. See engine.h for errors and results.
 */
#pragma once

#include "docker/volume.h"
#include "engine/engine.h"

struct container;

int engine_volume_create(struct engine *engine, struct arena *arena, const struct volume_create *request,
			 struct volume_info *out_volume, struct err *err) must_check;
int engine_volume_inspect(struct engine *engine, struct arena *arena, const char *name, struct volume_info *out_volume,
			  struct err *err) must_check;
/* Filters: name (a part of it), driver, label, dangling. */
int engine_volume_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
		       struct volume_list_answer *out_list, struct err *err) must_check;
/* -EBUSY "remove NAME: volume is in use - [IDS]". force: a missing one is fine. */
int engine_volume_remove(struct engine *engine, const char *name, bool force, struct err *err) must_check;

/*
 * What nobody uses is measured by a job, and removed. Filters: label, label!, all (named ones, too). call.done() tells
 * the end; the results live in the arena, which has to live until then. all_names: the default of clients before 1.42.
 */
struct engine_prune {
	struct engine_call call;
	struct arena *arena;
	char **deleted; /* NULL-terminated */
	int64_t reclaimed;
};
void engine_volume_prune(struct engine *engine, const struct engine_query *query, bool all_names,
			 struct engine_prune *prune);

/* --- inside the engine only --- */

/* A volume that is there, or a new pending one. */
int volumes_ensure(struct engine *engine, const struct volume_create *request, bool *out_made,
		   struct err *err) must_check;

/* DATA/volumes/NAME/_data. In the arena. */
char *volumes_mountpoint(const struct engine *engine, struct arena *arena, const char *name);

/* How many containers, and creations under way, use it; ids may be NULL, else "ID, ID". */
size_t volumes_users(const struct engine *engine, const char *name, struct buf *ids);
/* Whether one of them, other than except, runs or is being started. */
bool volumes_running(const struct engine *engine, const char *name, const struct container *except);

/* Pending ones that came to nothing; errors are logged. */
void volumes_undo(struct engine *engine, char *const *names);

/*
 * The anonymous volumes of a container that nobody else uses, as pending: volumes_undo, or the next start, removes
 * them. For the transaction that says that the container goes.
 */
int volumes_doom(const struct container *container, struct err *err) must_check;
char **volumes_anonymous(const struct container *container); /* their names; owned by the caller */

void volumes_event(struct engine *engine, const char *name, const char *action, const struct json_map *more);
