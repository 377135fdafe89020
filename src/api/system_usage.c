/* GET /system/df */
#include "api/resource.h"

#include "api/exchange.h"
#include "base/text.h"
#include "engine/disk_usage.h"

/* API 1.52 counts in objects of their own; 1.53 has nothing else. */
enum { COUNTED = 52 };

struct usage_wait {
	struct engine_disk_usage request;
	struct exchange *x;
};

static void usage_gone(struct exchange *x)
{
	struct usage_wait *wait = x->state;
	engine_call_cancel(&wait->request.call);
}

/* The items only when they were asked for. */
static void items_hide(struct disk_usage *usage)
{
	if (usage->images)
		usage->images->items.count = 0;
	if (usage->containers)
		usage->containers->items.count = 0;
	if (usage->volumes)
		usage->volumes->items.count = 0;
}

static void usage_done(struct engine_call *call, const struct err *err)
{
	struct usage_wait *wait = container_of(call, struct usage_wait, request.call);
	struct exchange *x = wait->x;
	struct disk_usage_old old;
	if (err) {
		exchange_fail(x, err);
		return;
	}
	if (x->minor < COUNTED) {
		disk_usage_downgrade(&wait->request.usage, &old);
		exchange_struct(x, 200, &table_disk_usage_old, &old);
		return;
	}
	if (!query_bool(&x->query, "verbose", false))
		items_hide(&wait->request.usage);
	exchange_struct(x, 200, &table_disk_usage, &wait->request.usage);
}

void handle_system_usage(struct exchange *x)
{
	struct usage_wait *wait = arena_new(&x->arena, struct usage_wait);
	struct engine_disk_usage *request = &wait->request;
	char **types = query_list(&x->arena, &x->query, "type", false);
	const struct {
		const char *name;
		bool *wanted;
	} rows[] = {{"image", &request->images},
		    {"container", &request->containers},
		    {"volume", &request->volumes},
		    {"build-cache", &request->builds}};
	*request = (struct engine_disk_usage){.call.done = usage_done, .arena = &x->arena};
	wait->x = x;
	for (char **type = types; *type; type++) {
		size_t at = 0;
		while (at < array_size(rows) && !text_equal(rows[at].name, *type))
			at++;
		if (at == array_size(rows)) {
			exchange_refuse(x, 400, "unknown object type: %s", *type);
			return;
		}
		*rows[at].wanted = true;
	}
	for (size_t i = 0; !types[0] && i < array_size(rows); i++)
		*rows[i].wanted = true;
	x->state = wait;
	x->gone = usage_gone;
	engine_disk_usage(x->engine, request);
}
