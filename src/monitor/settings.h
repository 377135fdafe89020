/*
 * Settings of a control group in a message, UPDATE's tail: a line per control file, "GROUP<TAB>FILE<TAB>VALUE".
 */
#pragma once

#include "base/buffer.h"
#include "runtime/plan.h"

void settings_encode(struct buf *out, const struct cgroup_settings *settings); /* the limits only */

/* -EPROTO for what is not such lines. */
int settings_decode(struct arena *arena, const char *text, size_t size, struct cgroup_settings *out_settings,
		    struct err *err) must_check;
