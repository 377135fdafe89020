/*
 * How a container ended, as its monitor left it in RUN/containers/ID/exit.
 */
#pragma once

#include "engine/container.h"

struct exit_record {
	int code;
	bool oom_killed;
	int64_t time_ns;
};

/* -ENOENT without one, -EINVAL for one that is not whole. */
int exit_file_read(const struct container *container, struct exit_record *out_record) must_check;
