#include "api/resource.h"

#include "api/connection.h"
#include "api/exchange.h"
#include "api/list_query.h"
#include "base/text.h"
#include "engine/networks.h"

void handle_network_list(struct exchange *x)
{
	struct engine_query query = {0};
	struct engine_network_list list = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0 || engine_network_list(x->engine, &x->arena, &query, &list, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	auto_buf text = BUF_INIT(EXCHANGE_ANSWER_MAX / 2);
	buf_char(&text, '[');
	for (size_t i = 0; i < list.count; i++) {
		buf_text(&text, i > 0 ? "," : "");
		json_encode(&text, &table_network_inspect, &list.items[i]);
	}
	buf_text(&text, "]\n");
	exchange_json(x, 200, &text);
}

void handle_network_create(struct exchange *x)
{
	struct network_create request = {0};
	struct network_created created = {0};
	struct err err;
	if (!exchange_decode(x, &table_network_create, false, &request))
		return;
	if (engine_network_create(x->engine, &x->arena, &request, &created, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 201, &table_network_created, &created);
}

void handle_network_inspect(struct exchange *x)
{
	struct network_inspect inspect = {0};
	struct err err;
	const char *scope = query_get(&x->query, "scope");
	if (!text_empty(scope) && !text_equal(scope, "local"))
		exchange_refuse(x, 404, "network %s not found", x->name);
	else if (engine_network_inspect(x->engine, &x->arena, x->name, &inspect, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_network_inspect, &inspect);
}

void handle_network_remove(struct exchange *x)
{
	struct err err;
	if (engine_network_remove(x->engine, x->name, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 204);
}

void handle_network_connect(struct exchange *x)
{
	struct network_connect request = {0};
	struct err err;
	if (!exchange_decode(x, &table_network_connect, false, &request))
		return;
	if (engine_network_connect(x->engine, x->name, &request, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 200);
}

void handle_network_disconnect(struct exchange *x)
{
	struct network_disconnect request = {0};
	struct err err;
	if (!exchange_decode(x, &table_network_disconnect, false, &request))
		return;
	if (engine_network_disconnect(x->engine, x->name, &request, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 200);
}

void handle_network_prune(struct exchange *x)
{
	struct engine_query query = {0};
	struct network_prune prune = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0 || engine_network_prune(x->engine, &x->arena, &query, &prune, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_network_prune, &prune);
}
