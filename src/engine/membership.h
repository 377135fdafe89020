/*
 * To which networks a container belongs, as it was asked for (document.networks) and as it is while it runs (members,
 * address). Inside the engine only.
 */
#pragma once

#include "engine/container.h"
#include "engine/networks.h"
#include "network/network.h"

/*
 * At create: fills document.networks from NetworkMode and what was asked for per network, and checks it.
 * -ENOENT "network X not found", -EINVAL "invalid config for network X: invalid endpoint settings: ...".
 */
int membership_resolve(struct container *container, const struct networking_config *request,
		       struct err *err) must_check;
/*
 * Adds one network to the document: at create, or for "connect" (then a second time is -EPERM). request may be NULL.
 */
int membership_join(struct container *container, const char *name, const struct endpoint_settings *request,
		    bool at_create, struct err *err) must_check;
/* A record of before there were several networks. */
void membership_upgrade(struct container *container);

/* The container that this one shares its network namespace with; NULL: its own. -ENOENT, -EBUSY: it does not run. */
int membership_shared(struct container *container, struct container **out_other, struct err *err) must_check;

/* NULL: it is not connected to it now. */
const struct container_place *membership_place(const struct container *container, const char *network);

/* How many containers are connected to it now; users: `name:"web" id:"1234", ...`, or NULL. */
size_t membership_count(const struct engine *engine, const char *network, struct buf *users);

/* Names by which the container is found in a network: its name, aliases, short ID, host name. In the arena. */
char **membership_names(const struct container *container, const struct endpoint_settings *settings,
			struct arena *arena);

/* What the network layer is asked for, out of settings that were checked. Strings stay theirs. */
void membership_request(struct arena *arena, const struct endpoint_settings *settings,
			struct network_request *out_request);

/* One of its networks by ID; NULL. */
const struct endpoint_settings *membership_settings(const struct container *container, const char *network);
