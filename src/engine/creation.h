/*
 * A container that is being created: its volumes are made and filled with what the image has at their places before the
 * container is written to the record, so that an engine that ends meanwhile leaves nothing. Inside the engine only.
 */
#pragma once

#include "engine/call.h"
#include "engine/container.h"
#include "engine/task.h"

struct creation {
	struct engine *engine;
	struct creation *next;
	struct container *container; /* not in the engine's list yet */
	char **made;		     /* volumes; pending */
	char **warnings;
	struct engine_call *calls;
	struct container_created *out_created; /* in out_arena; only while there is a call */
	struct arena *out_arena;
	bool name_made_up;
	/* copying */
	struct task task;
	size_t at; /* the mount it is about */
	char staging[33];
	int staging_fd;
};
