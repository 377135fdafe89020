/*
 * Places that were made in a container's own files only to mount something there: /proc, /etc/hosts. Where nobody has
 * put anything into them they are no change of the container's. Used by tar_tree.c and changes.c.
 */
#pragma once

#include "base/error.h"

#include <sys/stat.h>

/* path: in the container, without a slash in front; leaf: the same in dir. Never follows a link. */
bool stub_is(int dir, const char *leaf, const char *path, const struct stat *info);
