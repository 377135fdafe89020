/*
 * Why a container does not end although it was killed: which of its processes is where. Inside the engine only.
 */
#pragma once

#include "engine/container.h"

/* "process 123 (cat) is stuck in D (disk sleep) at request_wait_answer"; the caller frees it. */
char *stuck_text(const struct container *container);
