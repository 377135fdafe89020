/*
 * Which part of the main context a Dockerfile can ask for, judged by its text alone: so that a client sends no more.
 * Where the text does not say it (a variable, a trigger of a base image) everything is needed. Pure.
 */
#pragma once

#include "build/dockerfile.h"

struct build_needs {
	bool all;
	char **paths; /* clean, relative: files, and directories with all below them */
	size_t count;
	char **bases; /* images that stages start from, whose triggers may ask for more; NULL-terminated */
};

void needs_read(struct arena *arena, const struct dockerfile *file, struct build_needs *out_needs);

/* Whether the path is needed, or something below it. */
bool needs_has(const struct build_needs *needs, const char *path);
