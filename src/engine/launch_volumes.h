/*
 * What a container's mounts need on the host when it starts, and leave when it ends: volumes that are file systems of
 * their own (the local driver's type, device and o), a /dev/shm that others may join, directories for what is written
 * over images. For launch.c.
 */
#pragma once

#include "engine/container.h"
#include "oci/runtime_spec.h"

/* What its monitor has to mount; destinations on the host. In the arena. */
int launch_volumes(const struct container *container, struct arena *arena, struct oci_mount **out_mounts,
		   size_t *out_count, struct err *err) must_check;

/* Empty directories in the container's own, for each start. */
int launch_mount_dirs(const struct container *container, int dir, struct err *err) must_check;

/* The events mount and unmount. */
void launch_volumes_told(const struct container *container, bool mounted);

/* Takes off what no other running container uses; unmount events. */
void launch_volumes_release(const struct container *container);

/* When the engine starts: what is still mounted of volumes that no running container uses. */
void launch_volumes_settle(struct engine *engine);
