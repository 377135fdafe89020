/*
 * A container that is there, as most commands want it: found by its ID, read, with its status.
 */
#pragma once

#include "runtime/plan.h"
#include "runtime_cli/context.h"
#include "runtime_cli/state.h"

struct container {
	struct arena arena;
	int dir;
	struct container_state state;
	enum container_status status; /* paused ones too */
};

/* lock: for those that change it. */
int container_open(struct context *context, const char *id, bool lock, struct container *out_container,
		   struct err *err) must_check;
void container_done(struct container *container);

/* The unit as cgroup_scope.h takes it. */
struct plan_scope container_scope(const struct container_state *state);

/* The status of a state that was read, frozen groups looked at. */
enum container_status container_status(const struct container_state *state);
