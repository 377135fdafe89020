/*
 * Network devices of the host's that are moved into a container (linux.netDevices): with their addresses and another
 * name where one is given, brought up there. After a failure they are back where they were. With the container's
 * namespace the kernel gives hardware back and ends virtual ones.
 */
#pragma once

#include "oci/runtime_spec.h"

#include <sys/types.h>

int net_devices_move(const struct oci_linux *part, pid_t pid, struct err *err) must_check;
