/*
 * The sockets on which the engine listens, and the lock that keeps a second engine away.
 */
#pragma once

#include "base/error.h"

/*
 * A listening, non-blocking socket for "unix:///path" or "tcp://address:port". A unix socket is 0660 and belongs to
 * root and group; it is created 0600 and opened up last, so that it is at no moment wider than that. A socket file
 * whose engine is gone is replaced; one that answers is -EADDRINUSE. group "" means tug where that group exists; any
 * other group must exist.
 */
int listen_on(const char *host, const char *group, int *out_fd, struct err *err) must_check;

/* Removes the socket file that listen_on made for host; nothing for TCP. */
void listen_remove(const char *host);

/* The sockets that systemd handed over (LISTEN_PID, LISTEN_FDS: descriptors from 3 on), set non-blocking. -ENOENT. */
int listen_inherited(int *out_fds, size_t room, size_t *out_count, struct err *err) must_check;

/* Makes DIRECTORY (0700, with its parents) and holds DIRECTORY/engine.lock; -EBUSY when another engine has it. */
int lock_directory(const char *directory, int *out_lock, struct err *err) must_check;

/* READY=1, RELOADING=1 ... to systemd, when it asked for it (NOTIFY_SOCKET). Failures do not matter. */
void notify_systemd(const char *state);
