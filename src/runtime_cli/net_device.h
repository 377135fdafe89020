/*
 * Network devices of the host's that are moved into a container (linux.netDevices): with their addresses and another
 * name where one is given, brought up there. They come back when the container's namespace goes, as the kernel does it.
 */
#pragma once

#include "oci/runtime_spec.h"

#include <sys/types.h>

int net_devices_move(const struct oci_linux *part, pid_t pid, struct err *err) must_check;
