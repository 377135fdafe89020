/*
 * The options of run and create that limit what a container uses.
 */
#pragma once

#include "cli/create_options.h"

/* -EINVAL with Docker's words. In the cli's arena. */
int create_limits(struct cli *cli, const struct create_options *options, struct host_config *out_host,
		  struct err *err) must_check;
