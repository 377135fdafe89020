/*
 * The options of `run` and `create` about ports.
 */
#pragma once

#include "cli/create_options.h"

/* --publish and --expose: the config's exposed ports and the host's bindings. */
int create_ports(struct cli *cli, const struct create_options *options, struct container_create *request,
		 struct err *err) must_check;
