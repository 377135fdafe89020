#include "engine/update.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"
#include "engine/resource_check.h"
#include "engine/spec_resources.h"
#include "runtime/cgroup_compile.h"

/* What has changed reaches the processes that run; what is not asked for any more becomes no limit. */
static int limits_apply(const struct container *container, const struct host_config *host, struct err *err)
{
	struct engine *engine = container->engine;
	auto_arena arena = {0};
	auto_free char *cgroup = x_printf("%s/%s", engine->config.cgroup_parent, container->id);
	struct oci_resources *resources;
	struct cgroup_settings settings;
	struct oci_pids none = {0};
	int rc = spec_resources(host, &arena, &resources, err);
	if (rc < 0)
		return rc;
	if (!resources->pids) {
		int64_t unlimited = -1;
		none.limit = &unlimited;
		resources->pids = &none;
	}
	rc = cgroup_compile(&arena, resources, engine->cgroup_v2 ? CGROUP_V2 : CGROUP_V1, &settings, err);
	return rc < 0 ? rc : cgroup_update(cgroup, &settings, err);
}

static int document_update(struct container *container, const struct host_config *update, struct err *err)
{
	struct container_document next = container->document;
	int rc = update_merge(&next.host, update, err);
	if (rc == 0)
		rc = resource_check(&next.host, container->engine->cgroup_v2, err);
	if (rc == 0 && (container->state == STATE_RUNNING || container->state == STATE_PAUSED))
		rc = limits_apply(container, &next.host, err);
	return rc < 0 ? rc : container_save_document(container, &next, err);
}

void engine_update(struct engine *engine, const char *name, const struct host_config *update, struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0) {
		if (container->state == STATE_REMOVING || container->state == STATE_DEAD)
			rc = err_set(&err, EBUSY, "container is marked for removal and cannot be \"update\"");
		else
			rc = document_update(container, update, &err);
		if (rc < 0)
			err_wrap(&err, "Cannot update container %s", container->id);
	}
	if (rc == 0)
		container_event(container, "update", NULL);
	call->done(call, rc < 0 ? &err : NULL);
}
