/*
 * How much of the disk directories below DATA take, by a job. Inside the engine only.
 */
#pragma once

#include "engine/task.h"

struct usage {
	/* Called once, from the loop. sizes are bytes, in the order of the names; NULL with an error. */
	void (*done)(struct usage *usage, const int64_t *sizes, const struct err *err);
	void (*abandoned)(struct usage *usage); /* the engine ends: frees; or NULL */
	struct task task;
	size_t count;
};

/* names ends with NULL and holds no line break. On failure done is not called. */
int usage_start(struct engine *engine, struct usage *usage, char *const *names, struct err *err) must_check;
