/*
 * A container's place in the network and the files that tell it about it. For launch.c.
 */
#pragma once

#include "engine/container.h"

/* Fills container->address and ->endpoint. *out_namespace: -1 with the host's network. Docker's words in errors. */
int launch_network_connect(struct container *container, int *out_namespace, struct err *err) must_check;
void launch_network_disconnect(struct container *container);
int launch_network_adopt(struct container *container, struct err *err) must_check;

/* hosts, hostname and resolv.conf in the container's directory. */
int launch_network_files(const struct container *container, int dir, struct err *err) must_check;
