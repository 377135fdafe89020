/*
 * The sessions of the monitor: the container's own (number 0) and those of exec.
 */
#pragma once

#include "monitor/protocol.h"
#include "monitor/session.h"

struct session *sessions_add(uint32_t number, uint32_t flags, void (*over)(struct session *session));
void sessions_remove(struct session *session);	/* frees it */
struct session *sessions_find(uint32_t number); /* NULL: none */
uint32_t sessions_highest(void);
bool sessions_is_own(pid_t pid); /* a session's process */

/* The client in fds[index] becomes one of the session's; what was read from it already comes first. */
void sessions_attach(struct session *session, struct monitor_packet *packet, size_t index);
void clients_end(struct session *session);

/* Soon: exec sessions that are over and read go; then the monitor, when the container has ended and its engine knows.
 */
void sessions_sweep_soon(void);
