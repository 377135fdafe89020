/*
 * What can be said to be wrong with a container before it exists: Docker's rules about limits, modes, mounts and ports,
 * in Docker's words.
 */
#pragma once

#include "engine/container.h"

int create_check(const struct engine *engine, const struct container_document *document, struct err *err) must_check;

/* What a request leaves open (create.c). */
void create_host_defaults(const struct engine *engine, struct host_config *host);
