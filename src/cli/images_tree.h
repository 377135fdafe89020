/*
 * `images --tree`: each image with its names, its size, whether a container uses it, and below it its platform.
 */
#pragma once

#include "cli/command.h"

/* path: of the request for the list. */
int images_tree(struct cli *cli, const char *path, struct err *err) must_check;
