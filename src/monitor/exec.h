/*
 * Further processes in the container: exec, and health checks.
 */
#pragma once

#include "monitor/protocol.h"

void exec_take(struct monitor_packet *packet);
