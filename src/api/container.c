#include "api/resource.h"

#include "api/connection.h"
#include "api/list_query.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/registry.h"

struct create_wait {
	struct engine_call call;
	struct exchange *x;
	struct container_created created;
};

static void create_gone(struct exchange *x)
{
	struct create_wait *wait = x->state;
	engine_call_cancel(&wait->call);
}

static void create_done(struct engine_call *call, const struct err *err)
{
	struct create_wait *wait = container_of(call, struct create_wait, call);
	if (err)
		exchange_fail(wait->x, err);
	else
		exchange_struct(wait->x, 201, &table_container_created, &wait->created);
}

void handle_container_create(struct exchange *x)
{
	struct container_create *request = arena_new(&x->arena, struct container_create);
	struct create_wait *wait = arena_new(&x->arena, struct create_wait);
	struct err err;
	if (!exchange_decode(x, &table_container_create, false, request))
		return;
	const char *platform = query_get(&x->query, "platform");
	if (!text_empty(platform) && !text_after(platform, "linux")) {
		exchange_refuse(x, 400, "unknown operating system in platform \"%s\": this engine runs linux",
				platform);
		return;
	}
	const char *name = query_get(&x->query, "name");
	*wait = (struct create_wait){.call.done = create_done, .x = x};
	int rc = container_create_check(request, &err);
	if (rc == 0)
		rc = engine_platform_check(x->engine, request->config.image ? request->config.image : "", platform,
					   &err);
	if (rc == 0)
		rc = engine_create(x->engine, &x->arena, text_empty(name) ? NULL : name, request, &wait->created,
				   &wait->call, &err);
	if (rc <= 0) {
		create_done(&wait->call, rc < 0 ? &err : NULL);
		return;
	}
	x->state = wait;
	x->gone = create_gone;
}

void handle_container_list(struct exchange *x)
{
	struct engine_query query = {.all = query_bool(&x->query, "all", false),
				     .size = query_bool(&x->query, "size", false)};
	struct engine_list list = {0};
	struct err err;
	if (query_number(&x->query, "limit", -1, INT32_MAX, 0, &query.limit, &err) < 0 ||
	    list_filters(x, &query, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	if (query.limit < 0)
		query.limit = 0;
	if (engine_list(x->engine, &x->arena, &query, &list, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	auto_buf text = BUF_INIT(EXCHANGE_ANSWER_MAX / 2);
	buf_char(&text, '[');
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			buf_char(&text, ',');
		json_encode(&text, &table_container_summary, &list.items[i]);
	}
	buf_text(&text, "]\n");
	exchange_json(x, 200, &text);
}

void handle_container_inspect(struct exchange *x)
{
	struct container_inspect *inspect = arena_new(&x->arena, struct container_inspect);
	struct err err;
	if (engine_inspect(x->engine, &x->arena, x->name, query_bool(&x->query, "size", false), inspect, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_container_inspect, inspect);
}

void handle_container_top(struct exchange *x)
{
	struct container_top top = {0};
	struct err err;
	const char *arguments = query_get(&x->query, "ps_args");
	if (engine_top(x->engine, &x->arena, x->name, arguments ? arguments : "-ef", &top, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_container_top, &top);
}

void handle_container_rename(struct exchange *x)
{
	struct err err;
	const char *name = query_get(&x->query, "name");
	if (engine_rename(x->engine, x->name, name ? name : "", &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 204);
}
