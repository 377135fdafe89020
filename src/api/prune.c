/* Prunes are measured by a job, so answered later. */
#include "api/resource.h"

#include "api/exchange.h"
#include "api/list_query.h"
#include "docker/prune.h"
#include "engine/prune.h"

/* The answers differ in the names of their members only. */
struct prune_wait {
	struct engine_prune prune;
	struct exchange *x;
	const struct json_table *table;
};

static void prune_gone(struct exchange *x)
{
	struct prune_wait *wait = x->state;
	engine_call_cancel(&wait->prune.call);
}

static void prune_done(struct engine_call *call, const struct err *err)
{
	struct prune_wait *wait = container_of(call, struct prune_wait, prune.call);
	const struct container_prune_answer containers = {wait->prune.deleted, wait->prune.reclaimed};
	const struct volume_prune_answer volumes = {wait->prune.deleted, wait->prune.reclaimed};
	if (err)
		exchange_fail(wait->x, err);
	else if (wait->table == &table_volume_prune_answer)
		exchange_struct(wait->x, 200, wait->table, &volumes);
	else
		exchange_struct(wait->x, 200, wait->table, &containers);
}

/* NULL: answered already. */
static struct prune_wait *prune_begin(struct exchange *x, const struct json_table *table, struct engine_query *query)
{
	struct prune_wait *wait = arena_new(&x->arena, struct prune_wait);
	struct err err;
	if (list_filters(x, query, &err) < 0) {
		exchange_fail(x, &err);
		return NULL;
	}
	*wait = (struct prune_wait){.prune = {.call.done = prune_done, .arena = &x->arena}, .x = x, .table = table};
	x->state = wait;
	x->gone = prune_gone;
	return wait;
}

void handle_container_prune(struct exchange *x)
{
	struct engine_query query = {0};
	struct prune_wait *wait = prune_begin(x, &table_container_prune_answer, &query);
	if (wait)
		engine_container_prune(x->engine, &query, &wait->prune);
}

void handle_volume_prune(struct exchange *x)
{
	enum { NAMED_STAY = 42 }; /* API 1.42: named volumes only with the filter all */
	struct engine_query query = {0};
	struct prune_wait *wait = prune_begin(x, &table_volume_prune_answer, &query);
	if (wait)
		engine_volume_prune(x->engine, &query, x->minor < NAMED_STAY, &wait->prune);
}
