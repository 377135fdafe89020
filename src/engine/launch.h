/*
 * Everything that a container needs in order to start, put together: its files, network, root file system and plan.
 * Inside the engine only; the one place that knows runtime and network.
 */
#pragma once

#include "engine/container.h"
#include "monitor/protocol.h"

struct launch {
	struct monitor_message message; /* START, filled in */
	int fds[MONITOR_FDS_MAX];	/* the plan, then what its slots name; owned */
	size_t fd_count;
	struct buf log; /* START's tail */
};

/* On failure everything is undone. */
int launch_prepare(struct container *container, struct launch *out_launch, struct err *err) must_check;
void launch_done(struct launch *launch); /* closes the descriptors; what they stand for lives on */

/* Gives back network and mounts of a container that has ended. Errors are logged: nothing can be done about them. */
void launch_release(struct container *container);
/* The same of one whose end is told first; launch_left then tells of the networks that it was in. */
void launch_let_go(struct container *container);
void launch_left(struct container *container);
/* What a monitor that was killed left of the container's processes and groups. */
void launch_clear(struct container *container);
/* After a restart of the engine: network and ports of a container that still runs are taken up again. */
int launch_adopt(struct container *container, struct err *err) must_check;

/* The plan of an exec session, sealed. */
int launch_exec_plan(struct container *container, const struct exec_config *config, int *out_fd,
		     struct err *err) must_check;
