/*
 * A plan as JSON for people and golden tests: `tug-runtime run --dry-run`. Numbers that are flags of the kernel's are
 * printed by name. Members that say nothing are left out.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/plan.h"

void plan_print(const struct plan *plan, struct buf *out);
