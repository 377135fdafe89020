/*
 * What a control group uses, as runc's `events` prints it.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/cgroup_stats.h"

void stats_print(const struct cgroup_stats *stats, struct buf *out);
