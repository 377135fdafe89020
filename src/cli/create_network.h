/*
 * The networks of `run` and `create`: --network and what belongs to it.
 */
#pragma once

#include "cli/create_options.h"

/*
 * Fills NetworkMode and NetworkingConfig from "NAME" or "name=NAME,alias=A,ip=IP,ip6=IP,mac-address=MAC,
 * link-local-ip=IP,gw-priority=N,driver-opt=K=V"; --ip and the like count for the first one. -EINVAL with Docker's
 * words.
 */
int create_network(struct cli *cli, const struct create_options *options, struct container_create *request,
		   struct err *err) must_check;
