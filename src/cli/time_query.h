/*
 * --since and --until as parameters of a request.
 */
#pragma once

#include "base/buffer.h"

/* Appends "&KEY=...": "10m" counts back from now, by our clock; the rest is the engine's to read. NULL, "": nothing. */
int time_query(struct buf *path, const char *key, const char *text, struct err *err) must_check;
