/*
 * Limits of a container, from Docker's document to the runtime-spec: at its start, and when an update changes them.
 */
#pragma once

#include "docker/host_config.h"
#include "oci/runtime_spec.h"

/* All but device rules (spec_devices.h). Looks up the numbers of block devices. -EINVAL: one that is not there. */
int spec_resources(const struct host_config *host, struct arena *arena, struct oci_resources **out_resources,
		   struct err *err) must_check;
