/*
 * The resolver's other half. What reads packets is confined (worker.h) and cannot look at the host; what it needs of
 * it, it asks of the keeper, a process that does these two things and reads nothing from outside: the text of the
 * host's /etc/resolv.conf at this moment, and a socket inside the network namespace of a container whose descriptor
 * comes along. A question is answered at once: the asking side waits for it.
 */
#pragma once

#include "base/buffer.h"

enum { KEEPER_TEXT_MAX = 32 << 10 };

/* Answers until the other end is gone. */
int keeper_run(int socket, struct err *err) must_check;

/* "" where there is no such file. */
int keeper_resolv_conf(int socket, struct buf *out, struct err *err) must_check;
/* family: AF_INET or AF_INET6; type: SOCK_DGRAM or SOCK_STREAM. The socket does not block. */
int keeper_socket(int socket, int namespace_fd, int family, int type, int *out_fd, struct err *err) must_check;
