/*
 * Small texts of tables: identifiers, times, labels, images. Results live in the arena.
 */
#pragma once

#include "base/json.h"

const char *show_id(struct arena *arena, const char *id,
		    bool whole);			     /* without "sha256:", 12 characters unless whole */
const char *show_ago(struct arena *arena, int64_t seconds);  /* "3 hours ago" */
const char *show_time(struct arena *arena, int64_t seconds); /* "2026-11-23 19:12:36 +0000 UTC" */
const char *show_labels(struct arena *arena, const struct json_map *labels); /* "a=1,b=2", sorted */
const char *show_image(const char *name);				     /* without docker.io/library/ */
