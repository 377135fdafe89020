/*
 * `RUN --mount=type=cache,target=/x,...`. Pure.
 */
#pragma once

#include "build/plan.h"

/* from: the word of from=, or NULL; the rest goes to out_mount. Every key and value is known, or it is -EINVAL (B-03).
 */
int mount_option_parse(struct arena *arena, const char *text, struct build_mount *out_mount, char **out_from,
		       struct err *err) must_check;
