/*
 * Checks the store of images: every digest, every reference, the record. Repairs what can be made again.
 */
#pragma once

#include "docker/fsck.h"
#include "engine/engine.h"

struct engine_fsck {
	struct engine_job_sink sink; /* ended: the report is there */
	struct fsck_report report;   /* in the arena */
	struct arena *arena;
	bool repair;
};

int engine_fsck(struct engine *engine, struct engine_fsck *fsck, struct engine_job **out_job,
		struct err *err) must_check;
