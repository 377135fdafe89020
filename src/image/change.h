/*
 * `--change` of import: one instruction of a Dockerfile, applied to an image's configuration.
 */
#pragma once

#include "oci/image_spec.h"

/* Memory in the arena. -EINVAL with Docker's words. */
int change_apply(struct arena *arena, const char *instruction, struct oci_image_run *run, struct err *err) must_check;
