/*
 * Namespaces of other containers: --ipc container:NAME, --pid container:NAME. Inside the engine only.
 */
#pragma once

#include "engine/container.h"
#include "oci/runtime_spec.h"

/*
 * The path of the namespace that a mode like "container:NAME" means, "" for any other mode. type is "ipc" or "pid". The
 * other container has to run; for ipc it has to be shareable. In the arena. Docker's words.
 */
int spec_join(struct engine *engine, struct arena *arena, const char *mode, const char *type, char **out_path,
	      struct err *err) must_check;

/* What belongs to an ipc mode at /dev/shm: a directory on the host, or NULL for a file system of its own. */
int spec_join_shm(const struct container *container, struct arena *arena, char **out_path, struct err *err) must_check;

/* Opens the namespaces with a path, in their order. */
int spec_join_open(const struct oci_spec *spec, int *fds, size_t *count, size_t room, struct err *err) must_check;
