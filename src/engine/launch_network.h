/*
 * A container's places in its networks, and the files that tell it about them. For launch.c and connect.c.
 */
#pragma once

#include "engine/membership.h"

/* Fills the container's members, ports and address. *out_namespace: -1 with the host's network. Docker's words. */
int launch_network_connect(struct container *container, int *out_namespace, struct err *err) must_check;
void launch_network_disconnect(struct container *container); /* it has ended */
void launch_network_left(struct container *container);	     /* the events of that, behind the one of its end */
int launch_network_adopt(struct container *container, struct err *err) must_check;

/* One more place, or one less, of a container that runs. The record is the caller's. */
int launch_network_join(struct container *container, const struct network_record *record, struct err *err) must_check;
int launch_network_leave(struct container *container, const char *network, struct err *err) must_check;

/* The network namespace of a container that runs. -ESRCH: it has ended meanwhile. */
int launch_network_namespace(const struct container *container, int *out_fd, struct err *err) must_check;

/* --- launch_network_files.c --- */

/* hosts, hostname and resolv.conf in the container's directory. */
int launch_network_files(const struct container *container, int dir, struct err *err) must_check;
/* After a join or leave: the lines of own addresses in hosts, and resolv.conf unless somebody changed it. */
void launch_network_files_follow(const struct container *container, bool resolved_before);
/* Whether one of its networks has names: then its resolver is at 127.0.0.11. */
bool launch_network_resolves(const struct container *container);
