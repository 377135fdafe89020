/*
 * Places that were made for mounts of a step, and that nobody has put anything into, are no part of its layer. For the
 * job build-step, before its confinement.
 */
#pragma once

#include "base/error.h"

/* root: the merged root file system; staging holds upper, and base_name is made in it; lower: the layers below it.
 * stubs: NULL-terminated. */
int stubs_clear(int staging, const char *base_name, int root, char *const *lower, char *const *stubs,
		struct err *err) must_check;
