/*
 * What a container uses: read from its control group, its network namespace and /proc, at once, without waiting for
 * anything.
 */
#pragma once

#include "docker/stats.h"
#include "engine/engine.h"

/* In the arena. One that does not run has only its name, and zeros. -ENOENT. */
int engine_stats(struct engine *engine, struct arena *arena, const char *name, struct container_stats *out_stats,
		 struct err *err) must_check;
