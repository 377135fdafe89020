/*
 * What a container needs of others in order to run: the network, process or IPC namespace of one that it joins, and
 * those that it is linked to. Inside the engine only.
 */
#pragma once

#include "engine/container.h"

/* Whether `container` needs `other` to run. */
bool depend_on(const struct container *container, const struct container *other);
