/* POST /containers/{id}/update */
#include "api/resource.h"

#include "api/call.h"
#include "engine/update.h"

static void update_done(struct engine_call *call, const struct err *err)
{
	static const struct container_updated answer = {0};
	struct exchange_call *waiting = container_of(call, struct exchange_call, call);
	struct exchange *x = waiting->x;
	x->state = NULL;
	if (err)
		exchange_fail(x, err);
	else
		exchange_struct(x, 200, &table_container_updated, &answer);
}

void handle_container_update(struct exchange *x)
{
	struct host_config *update = arena_new(&x->arena, struct host_config);
	if (!exchange_decode(x, &table_container_update, false, update))
		return;
	struct exchange_call *waiting = exchange_call_new(x, 200);
	waiting->call.done = update_done;
	engine_update(x->engine, x->name, update, &waiting->call);
}
