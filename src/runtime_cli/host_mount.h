/*
 * A container without a mount namespace leaves its mounts on the host, on and below its root file system. Which mount
 * that is is known by its number, so that one of the user's at the same place stays.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* The number of the mount on top at a path; 0: not known. */
uint64_t host_mount_at(const char *path);

/* Takes off what was mounted over the mount `before`, and all below it. */
void host_mount_remove(const char *path, uint64_t before);
