/*
 * Mounts of a container: Docker's defaults, the engine's own files, and what was asked for, in the order in which they
 * are made.
 */
#pragma once

#include "engine/spec.h"

int spec_mounts(const struct container *container, struct arena *arena, const struct spec_paths *paths,
		struct oci_spec *spec, struct err *err) must_check;
