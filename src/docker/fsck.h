/*
 * POST /system/fsck, tug's own: what of the store is damaged.
 */
#pragma once

#include "base/json.h"

struct fsck_problem {
	char *kind;   /* "layer", "blob", "record" */
	char *object; /* digest, name */
	char *problem;
	char *images; /* that it belongs to: "a:1, b:2" */
	char *repair; /* what was done or can be done about it */
	bool repaired;
};
JSON_DECLARE(fsck_problem);

struct fsck_report {
	int64_t layers, blobs, images, bytes; /* that were looked at */
	JSON_LIST(struct fsck_problem) problems;
};
JSON_DECLARE(fsck_report);
