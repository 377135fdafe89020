/* POST /commit */
#include "engine/commit.h"
#include "api/resource.h"

#include "api/exchange.h"
#include "base/text.h"
#include "docker/container.h"

struct committing {
	struct engine_job_sink sink;
	struct engine_job *job;
	struct exchange *x;
	char *id; /* of the image, in the exchange's arena */
};

static void commit_progress(struct engine_job_sink *sink, const struct progress *line)
{
	struct committing *committing = container_of(sink, struct committing, sink);
	if (line->status && !line->detail)
		committing->id = arena_strdup(&committing->x->arena, line->status);
}

static void commit_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct committing *committing = container_of(sink, struct committing, sink);
	committing->job = NULL;
	if (err)
		exchange_fail(committing->x, err);
	else
		exchange_struct(committing->x, 201, &table_id_response,
				&(struct id_response){committing->id ? committing->id : (char *)""});
}

static void commit_gone(struct exchange *x)
{
	struct committing *committing = x->state;
	if (committing->job)
		engine_job_cancel(committing->job);
}

void handle_commit(struct exchange *x)
{
	struct committing *committing = arena_new(&x->arena, struct committing);
	struct container_config config = {0};
	struct err err;
	if (!exchange_decode(x, &table_container_config, true, &config))
		return;
	*committing = (struct committing){.sink = {.progress = commit_progress, .ended = commit_ended}, .x = x};
	x->state = committing;
	x->gone = commit_gone;
	const struct engine_commit commit = {
	    .container = query_get(&x->query, "container"),
	    .repository = query_get(&x->query, "repo"),
	    .tag = query_get(&x->query, "tag"),
	    .comment = query_get(&x->query, "comment"),
	    .author = query_get(&x->query, "author"),
	    .pause = query_bool(&x->query, "pause", true),
	    .changes = query_list(&x->arena, &x->query, "changes", false),
	    .config = x->body.len > 0 ? &config : NULL,
	};
	if (engine_commit(x->engine, &commit, &committing->sink, &committing->job, &err) < 0)
		exchange_fail(x, &err);
}
