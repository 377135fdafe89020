/* POST /system/fsck, tug's own */
#include "engine/fsck.h"
#include "api/resource.h"

#include "api/exchange.h"

struct checking {
	struct engine_fsck fsck;
	struct engine_job *job;
	struct exchange *x;
};

static void fsck_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct checking *checking = container_of(sink, struct checking, fsck.sink);
	checking->job = NULL;
	if (err)
		exchange_fail(checking->x, err);
	else
		exchange_struct(checking->x, 200, &table_fsck_report, &checking->fsck.report);
}

static void fsck_gone(struct exchange *x)
{
	struct checking *checking = x->state;
	if (checking->job)
		engine_job_cancel(checking->job);
}

void handle_system_fsck(struct exchange *x)
{
	struct checking *checking = arena_new(&x->arena, struct checking);
	struct err err;
	*checking = (struct checking){.fsck = {.sink = {.ended = fsck_ended},
					       .arena = &x->arena,
					       .repair = query_bool(&x->query, "repair", false)},
				      .x = x};
	x->state = checking;
	x->gone = fsck_gone;
	if (engine_fsck(x->engine, &checking->fsck, &checking->job, &err) < 0)
		exchange_fail(x, &err);
}
