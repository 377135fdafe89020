/*
 * Swarm and managed plugins, as an engine answers that is in no swarm and has no plugin.
 */
#include "api/resource.h"

#include "api/exchange.h"

#include <string.h>

void handle_swarm_manage(struct exchange *x)
{
	exchange_refuse(x, 503,
			"This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
			"connect this node to swarm and try again.");
}

void handle_swarm_leave(struct exchange *x)
{
	exchange_refuse(x, 503, "This node is not part of a swarm");
}

void handle_plugin_list(struct exchange *x)
{
	exchange_data(x, 200, "application/json", "[]\n", strlen("[]\n"));
}

void handle_plugin_missing(struct exchange *x)
{
	exchange_refuse(x, 404, "plugin \"%s\" not found", x->name);
}
