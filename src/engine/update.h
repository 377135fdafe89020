/*
 * update: other limits and another restart policy for a container that exists, also while it runs.
 */
#pragma once

#include "docker/update.h"
#include "engine/engine.h"

/* Recorded, and in force where it runs, before call->done. -EINVAL with Docker's words, "Cannot update container ID: ".
 */
void engine_update(struct engine *engine, const char *name, const struct host_config *update, struct engine_call *call);
