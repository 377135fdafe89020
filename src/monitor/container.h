/*
 * The container's own process, session 0: from START to its end.
 */
#pragma once

#include "monitor/protocol.h"

void container_start_take(struct monitor_packet *packet);
