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
