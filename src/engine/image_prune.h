/*
 * Removes images that no container uses.
 */
#pragma once

#include "engine/engine.h"

struct engine_image_prune {
	struct engine_deleted_list deleted;
	int64_t reclaimed;
};

/* Filters: dangling (true unless it says otherwise), until, label, label!. -EINVAL. */
int engine_image_prune(struct engine *engine, struct arena *arena, const struct engine_query *query,
		       struct engine_image_prune *out_prune, struct err *err) must_check;
