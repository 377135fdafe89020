/*
 * Platforms as people and clients write them: "linux/arm64/v8", or OCI's JSON object (API 1.48 on).
 */
#pragma once

#include "oci/image_spec.h"

#if defined(__x86_64__)
#define PLATFORM_ARCHITECTURE "amd64"
#else
#define PLATFORM_ARCHITECTURE "arm64"
#endif

/* Memory in the arena. A word alone is an operating system ("linux") or an architecture. -EINVAL with Docker's words.
 */
int platform_parse(struct arena *arena, const char *text, struct oci_platform *out_platform,
		   struct err *err) must_check;

/* What is empty in `wanted` fits everything. arm64 and arm64/v8 are the same. */
bool platform_fits(const struct oci_platform *wanted, const char *os, const char *architecture, const char *variant);

/* "linux/arm64/v8" */
char *platform_text(struct arena *arena, const char *os, const char *architecture, const char *variant);
