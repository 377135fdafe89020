/*
 * How a container looks in inspect and in the list. Inside the engine only.
 */
#pragma once

#include "engine/container.h"

/* Docker's text of the STATUS column: "Up 5 minutes", "Exited (0) 3 hours ago". In the arena. */
const char *view_status(const struct container *container, struct arena *arena);

/* The command as one line, words quoted where they need it. In the arena. */
const char *view_command(char *const *argv, struct arena *arena);

/* The container's networks by name, with all that is known of them; bridge: also the default one's, or NULL. */
struct endpoint_settings *view_networks(const struct container *container, struct arena *arena, size_t *out_count,
					const struct endpoint_settings **out_bridge);

/* Ports: those that are published as they are, and exposed ones without bindings. In the arena. */
struct port_map_entry *view_port_map(const struct container *container, struct arena *arena, size_t *out_count);
struct port_summary *view_ports(const struct container *container, struct arena *arena, size_t *out_count);
