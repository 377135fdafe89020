/*
 * Devices by name (CDI): what the specifications on this host say is put into a container's runtime-spec when it
 * starts. Names come from the request only, never from an image. Inside the engine only.
 */
#pragma once

#include "engine/container.h"
#include "oci/runtime_spec.h"

/* Docker's words where a request cannot be met. spec_devices and spec_mounts were there before. */
int cdi_inject(const struct container *container, struct arena *arena, struct oci_spec *spec,
	       struct err *err) must_check;

/* What can be said of the requests when the container is created. */
int cdi_check(const struct host_config *host, struct err *err) must_check;
