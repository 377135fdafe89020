/*
 * --health-cmd and its like: the health check of a request.
 */
#pragma once

#include "cli/create_options.h"

/* NULL where nothing is said about it. In the cli's arena. -EINVAL with Docker's words. */
int create_health(struct cli *cli, const struct create_options *options, struct health_config **out_health,
		  struct err *err) must_check;
