/*
 * How much a container has written, and how much its root file system holds.
 */
#pragma once

#include "engine/container.h"

int size_of(const struct container *container, struct arena *arena, int64_t **out_rw, int64_t **out_root,
	    struct err *err) must_check;
