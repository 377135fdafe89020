/*
 * Where criu restores a container: a mount namespace of criu's own, in which the root file system is a mount by itself
 * and has a place for each mount. Whoever is killed meanwhile leaves no mount on the host. Runs in tug-runtime, which
 * enters it only while it prepares it and starts criu.
 */
#pragma once

#include "runtime/plan.h"
#include "runtime_cli/criu_message.h"

struct restore_space {
	int before, root, cwd; /* what we come back to */
};

int restore_space_enter(struct restore_space *out_space, struct err *err) must_check;
int restore_space_leave(struct restore_space *space, struct err *err) must_check;

/*
 * Inside: the root at `place`, an empty directory, with the places of plan's mounts, made where they are missing. Binds
 * are added to mounts: place in the container, source on the host.
 */
int restore_space_fill(const struct plan *plan, const char *place, struct arena *arena, struct criu_pairs *mounts,
		       struct err *err) must_check;
