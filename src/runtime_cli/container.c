#include "runtime_cli/container.h"

#include "base/text.h"
#include "runtime/cgroup_process.h"

enum container_status container_status(const struct container_state *state)
{
	enum container_status status = state_status(state);
	bool frozen = false;
	struct err ignored;
	if ((status == STATUS_RUNNING || status == STATUS_CREATED) && state->cgroup &&
	    cgroup_frozen(state->cgroup, &frozen, &ignored) == 0 && frozen)
		return STATUS_PAUSED;
	return status;
}

int container_open(struct context *context, const char *id, bool lock, struct container *out_container, struct err *err)
{
	struct container container = {.dir = -1};
	int rc = state_id_check(id, err);
	if (rc == 0 && context->root_fd < 0 && (rc = context_open(context, false, err)) == -ENOENT)
		rc = err_set(err, ENOENT, "container does not exist: %s", id);
	if (rc == 0)
		rc = state_open(context->root_fd, id, lock, &container.dir, err);
	if (rc == 0)
		rc = state_read(&container.arena, container.dir, id, &container.state, err);
	if (rc < 0) {
		container_done(&container);
		return rc;
	}
	container.status = container_status(&container.state);
	*out_container = container;
	return 0;
}

struct plan_scope container_scope(const struct container_state *state)
{
	return (struct plan_scope){
	    .unit = state->scope->unit, .slice = state->scope->slice, .user = state->scope->user};
}

void container_done(struct container *container)
{
	cleanup_fd(&container->dir);
	arena_done(&container->arena);
}
