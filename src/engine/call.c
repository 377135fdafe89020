#include "engine/call.h"

void call_add(struct engine_call **list, struct engine_call *call)
{
	while (*list)
		list = &(*list)->next;
	*list = call;
	call->link = list;
	call->next = NULL;
}

void call_move(struct engine_call **to, struct engine_call **from)
{
	while (*from) {
		struct engine_call *call = *from;
		engine_call_cancel(call);
		call_add(to, call);
	}
}

void engine_call_cancel(struct engine_call *call)
{
	if (!call->link)
		return;
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->link = NULL;
	call->next = NULL;
}

void call_done(struct engine_call *call, const struct err *err)
{
	if (!call)
		return;
	engine_call_cancel(call);
	call->done(call, err);
}

void call_done_all(struct engine_call **list, const struct err *err)
{
	while (*list)
		call_done(*list, err);
}
