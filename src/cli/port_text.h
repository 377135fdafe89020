/*
 * The PORTS column of ps.
 */
#pragma once

#include "docker/network_settings.h"

/* "0.0.0.0:80-82->80-82/tcp, 53/udp": runs are put together. In the arena; reorders the ports. */
const char *port_text(struct arena *arena, struct port_summary *ports, size_t count);
