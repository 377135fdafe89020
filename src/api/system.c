#include "api/resource.h"

#include "api/exchange.h"
#include "engine/engine.h"

#include <string.h>

void handle_system_ping(struct exchange *x)
{
	/* Clients decide by these. Version 1: what is built comes over POST /build, not in BuildKit's sessions. */
	exchange_field(x, "Builder-Version", "1");
	exchange_field(x, "Cache-Control", "no-cache, no-store, must-revalidate");
	exchange_field(x, "Pragma", "no-cache");
	exchange_field(x, "Swarm", "inactive");
	exchange_data(x, 200, "text/plain; charset=utf-8", "OK", strlen("OK"));
}

void handle_system_version(struct exchange *x)
{
	struct version_info version = {0};
	struct err err;
	if (engine_version(x->engine, &x->arena, &version, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_version_info, &version);
}

void handle_system_info(struct exchange *x)
{
	struct system_info info = {0};
	struct err err;
	if (engine_info(x->engine, &x->arena, &info, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_system_info, &info);
}
