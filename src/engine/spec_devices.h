/*
 * Devices of a container: the rules that Docker and runc always have, those that were asked for, and for a privileged
 * container every device of the host.
 */
#pragma once

#include "docker/host_config.h"
#include "oci/runtime_spec.h"

/* Fills part->devices and part->resources->devices. -EINVAL: a path that is no device. */
int spec_devices(const struct host_config *host, struct arena *arena, struct oci_linux *part,
		 struct err *err) must_check;
