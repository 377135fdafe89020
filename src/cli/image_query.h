/*
 * Parameters of requests that make images.
 */
#pragma once

#include "base/buffer.h"

void query_parameter(struct buf *path, const char *key,
		     const char *value); /* "&key=value", escaped; NULL, "": nothing */
/* "registry:5000/a/b:tag" as "&repo=registry:5000/a/b&tag=tag". */
void query_target(struct buf *path, const char *target);
