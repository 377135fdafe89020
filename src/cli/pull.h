/*
 * Bringing an image from a registry, for `pull`, `run` and `create`.
 */
#pragma once

#include "cli/command.h"

struct pull_request {
	const char *reference; /* with a tag or digest, unless all tags are wanted */
	const char *platform;  /* NULL: DOCKER_DEFAULT_PLATFORM, or the engine's */
	bool quiet;
	FILE *out; /* where progress goes */
};
int pull_image(struct cli *cli, const struct pull_request *request, struct err *err) must_check;
