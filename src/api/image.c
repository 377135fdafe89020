#include "api/resource.h"

#include "api/connection.h"
#include "api/list_query.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/image_prune.h"
#include "engine/save.h"

enum { CONTAINER_CONFIG_GONE = 45 }; /* the API 1.x whose images have no ContainerConfig any more */

/* A list of structs as a JSON array. */
static void list_answer(struct exchange *x, const struct json_table *table, const void *items, size_t count)
{
	auto_buf text = BUF_INIT(EXCHANGE_ANSWER_MAX / 2);
	buf_char(&text, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(&text, ',');
		json_encode(&text, table, (const char *)items + i * table->size);
	}
	buf_text(&text, "]\n");
	exchange_json(x, 200, &text);
}

void handle_image_list(struct exchange *x)
{
	struct engine_query query = {.all = query_bool(&x->query, "all", false),
				     .size = query_bool(&x->query, "shared-size", false)};
	struct engine_image_list list = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0 || engine_images(x->engine, &x->arena, &query, &list, &err) < 0)
		exchange_fail(x, &err);
	else
		list_answer(x, &table_image_summary, list.items, list.count);
}

void handle_image_inspect(struct exchange *x)
{
	struct image_inspect inspect = {0};
	struct err err;
	if (engine_image_platform(x->engine, x->name, query_get(&x->query, "platform"), &err) < 0 ||
	    engine_image_inspect(x->engine, &x->arena, x->name, &inspect, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	/* docker-compose 1 speaks the newest version there is, and still reads it when it makes a container anew. */
	const char *agent = http_head_field(x->head, "User-Agent");
	if (x->minor < CONTAINER_CONFIG_GONE || (agent && text_after(agent, "docker-compose/1.")))
		inspect.container_config = inspect.config;
	exchange_struct(x, 200, &table_image_inspect, &inspect);
}

void handle_image_history(struct exchange *x)
{
	struct engine_history history = {0};
	struct err err;
	if (engine_image_platform(x->engine, x->name, query_get(&x->query, "platform"), &err) < 0 ||
	    engine_image_history(x->engine, &x->arena, x->name, &history, &err) < 0)
		exchange_fail(x, &err);
	else
		list_answer(x, &table_image_history_item, history.items, history.count);
}

void handle_image_tag(struct exchange *x)
{
	struct err err;
	const char *repository = query_get(&x->query, "repo"), *tag = query_get(&x->query, "tag");
	if (engine_image_tag(x->engine, x->name, repository ? repository : "", tag ? tag : "", &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 201);
}

void handle_image_remove(struct exchange *x)
{
	struct engine_deleted_list deleted = {0};
	struct err err;
	if (!text_empty(query_get(&x->query, "platforms"))) {
		exchange_refuse(x, 501, "platforms: known, but not supported yet");
		return;
	}
	if (engine_image_remove(x->engine, &x->arena, x->name, query_bool(&x->query, "force", false), &deleted, &err) <
	    0)
		exchange_fail(x, &err);
	else
		list_answer(x, &table_image_deleted, deleted.items, deleted.count);
}

void handle_image_prune(struct exchange *x)
{
	struct engine_query query = {0};
	struct engine_image_prune prune = {0};
	struct err err;
	if (list_filters(x, &query, &err) < 0 || engine_image_prune(x->engine, &x->arena, &query, &prune, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	struct image_prune_answer answer = {.reclaimed = prune.reclaimed};
	answer.deleted.items = prune.deleted.items;
	answer.deleted.count = prune.deleted.count;
	exchange_struct(x, 200, &table_image_prune_answer, &answer);
}
