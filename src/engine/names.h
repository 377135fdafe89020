/*
 * The engine's side of tug-resolver (resolver/protocol.h): which names a container's networks have, and the sockets at
 * 127.0.0.11 in its namespace. The resolver is started for the first container that needs it, and let go shortly after
 * the last one; it outlives the engine, and an engine that starts takes it up. One that is lost is replaced at once,
 * with new sockets. No call waits for it.
 */
#pragma once

#include "engine/container.h"

/* Connects to a resolver that is there. What is put until names_settle is all there is. */
int names_open(struct engine *engine, struct err *err) must_check;
void names_settle(struct engine *engine);
void names_close(struct engine *engine); /* takes one that was not opened */

/*
 * Tells what the container is called now; does nothing for one whose networks have no names. namespace_fd: of its
 * network, -1: it runs.
 */
int names_put(struct container *container, int namespace_fd, struct err *err) must_check;
/* The process that it ends with: its sockets are closed then, also without an engine. */
void names_watch(struct container *container, int pid);
void names_drop(struct container *container);
