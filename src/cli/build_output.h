/*
 * What becomes of a built image besides its place in the engine: -o type=local|tar|docker|oci|image; and the report of
 * --check.
 */
#pragma once

#include "cli/command.h"
#include "docker/build.h"

/* -EINVAL, -EOPNOTSUPP by name. Before the build begins. */
int build_output_check(const char *text, struct err *err) must_check;
int build_output(struct cli *cli, const char *text, const char *image, struct err *err) must_check;

void build_check_print(const struct build_event *warning);
