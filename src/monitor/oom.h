/*
 * Watches what the kernel ends for want of memory in the container, and tells the engine: how often, with which limit,
 * whom.
 */
#pragma once

#include <stdbool.h>

void oom_start(void); /* without a memory controller only the container's end tells */
void oom_end(void);
bool oom_look(void); /* what was ended since the last look; true: something was */
void oom_tell(void);
