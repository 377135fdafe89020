/*
 * --filter KEY=VALUE as the engine's "filters" parameter.
 */
#pragma once

#include "base/buffer.h"

/* Appends "&filters=..." (escaped JSON) when there is a filter. -EINVAL without "=". */
int filter_query(char *const *filters, struct buf *path, struct err *err) must_check;
