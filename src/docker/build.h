/*
 * What a build tells while it goes on, one JSON object per line: for tug's own client (POST /build?progress=tug). The
 * lines for Docker's classic clients are made from the same (api/build.c).
 */
#pragma once

#include "base/json.h"

struct build_event {
	char *kind;	/* "step", "output", "status", "warning", "image", "error", "shell" */
	int64_t step;	/* of step, output: its number in the build, from 1 */
	char *label;	/* "[build 2/5] RUN make" */
	char *text;	/* the instruction; the output; the message */
	char *state;	/* of step: "started", "cached", "done", "failed", "canceled" */
	int64_t at_ns;	/* since the build began */
	int64_t stream; /* of output: 1 or 2 */
	char *rule, *url;
	int64_t line, last_line; /* in the Dockerfile */
	int64_t code;		 /* exit code of a failed step */
	char *id;		 /* of image, shell */
	bool internal;		 /* a step that no Dockerfile names: the context ... */
	int64_t number, total;	 /* "Step 2/5" as classic clients count; 0: not one of them */
	char *image;		 /* the base's ID, of FROM */
};
JSON_DECLARE(build_event);

/* GET /system/df, and the answer to POST /build/prune. */
struct build_cache_record {
	char *id;
	char **parents;
	char *type; /* "regular", "source.local", "exec.cachemount" */
	char *description;
	bool in_use, shared;
	int64_t size;
	char *created_at, *last_used_at;
	int64_t usage_count;
};
JSON_DECLARE(build_cache_record);

struct build_pruned {
	char **caches_deleted;
	int64_t space_reclaimed;
};
JSON_DECLARE(build_pruned);
