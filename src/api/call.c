#include "api/call.h"

static void call_gone(struct exchange *x)
{
	struct exchange_call *waiting = x->state;
	engine_call_cancel(&waiting->call);
}

static void call_done(struct engine_call *call, const struct err *err)
{
	struct exchange_call *waiting = container_of(call, struct exchange_call, call);
	if (err)
		exchange_fail(waiting->x, err);
	else
		exchange_empty(waiting->x, waiting->status);
}

struct exchange_call *exchange_call_new(struct exchange *x, unsigned status)
{
	struct exchange_call *waiting = arena_new(&x->arena, struct exchange_call);
	*waiting = (struct exchange_call){.call.done = call_done, .x = x, .status = status};
	x->state = waiting;
	x->gone = call_gone;
	return waiting;
}
