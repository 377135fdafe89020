#include "api/resource.h"

#include "api/exchange.h"
#include "api/list_query.h"
#include "base/text.h"
#include "engine/volumes.h"

void handle_volume_list(struct exchange *x)
{
	struct engine_query query = {0};
	struct volume_list_answer list = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0 || engine_volume_list(x->engine, &x->arena, &query, &list, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_volume_list_answer, &list);
}

void handle_volume_create(struct exchange *x)
{
	struct volume_create request = {0};
	struct volume_info volume = {0};
	struct err err;
	if (!exchange_decode(x, &table_volume_create, false, &request))
		return;
	if (engine_volume_create(x->engine, &x->arena, &request, &volume, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 201, &table_volume_info, &volume);
}

void handle_volume_inspect(struct exchange *x)
{
	struct volume_info volume = {0};
	struct err err;
	if (engine_volume_inspect(x->engine, &x->arena, x->name, &volume, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_volume_info, &volume);
}

void handle_volume_remove(struct exchange *x)
{
	struct err err;
	if (engine_volume_remove(x->engine, x->name, query_bool(&x->query, "force", false), &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 204);
}

/* --- prune: measured by a job, so answered later --- */

struct prune_wait {
	struct engine_prune prune;
	struct exchange *x;
};

static void prune_gone(struct exchange *x)
{
	struct prune_wait *wait = x->state;
	engine_call_cancel(&wait->prune.call);
}

static void prune_done(struct engine_call *call, const struct err *err)
{
	struct prune_wait *wait = container_of(call, struct prune_wait, prune.call);
	struct volume_prune_answer answer = {wait->prune.deleted, wait->prune.reclaimed};
	if (err)
		exchange_fail(wait->x, err);
	else
		exchange_struct(wait->x, 200, &table_volume_prune_answer, &answer);
}

void handle_volume_prune(struct exchange *x)
{
	enum { NAMED_STAY = 42 }; /* API 1.42: named volumes only with the filter all */
	struct prune_wait *wait = arena_new(&x->arena, struct prune_wait);
	struct engine_query query = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	*wait = (struct prune_wait){.prune = {.call.done = prune_done, .arena = &x->arena}, .x = x};
	x->state = wait;
	x->gone = prune_gone;
	engine_volume_prune(x->engine, &query, x->minor < NAMED_STAY, &wait->prune);
}
