/*
 * A plan as bytes. One list of members for both directions; bounded, checked, no JSON, no packaged library.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/plan.h"

enum { PLAN_SIZE_MAX = 4 << 20 };

void plan_encode(const struct plan *plan, struct buf *out);
void plan_process_encode(const struct plan_process *process, struct buf *out);

/* -EPROTO for bytes that are not a whole plan. Everything lives in the arena. */
int plan_decode(struct arena *arena, const void *data, size_t size, struct plan **out_plan, struct err *err) must_check;
int plan_process_decode(struct arena *arena, const void *data, size_t size, struct plan_process **out_process,
			struct err *err) must_check;
