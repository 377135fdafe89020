#include "engine/update.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"
#include "engine/resource_check.h"
#include "engine/spec_resources.h"
#include "monitor/settings.h"
#include "runtime/cgroup_compile.h"

#include <stdlib.h>
#include <string.h>

enum { UPDATE_TEXT_MAX = 64 << 10 };

/* What is asked for goes with what is there. */
static int update_check(struct container *container, const struct host_config *update,
			struct container_document *out_next, struct err *err)
{
	struct container_document next = container->document;
	int rc = update_merge(&next.host, update, err);
	if (rc == 0)
		rc = resource_check(&next.host, container->engine->cgroup_v2, err);
	if (rc == 0)
		*out_next = next;
	return rc;
}

static int update_record(struct container *container, const struct host_config *update, struct err *err)
{
	struct container_document next;
	int rc = update_check(container, update, &next, err);
	if (rc == 0)
		rc = container_save_document(container, &next, err);
	if (rc == 0)
		container_event(container, "update", NULL);
	return rc;
}

static int wrapped(const struct container *container, int rc, struct err *err)
{
	return rc < 0 ? err_wrap(err, "Cannot update container %s", container->id) : 0;
}

/* --- of one that runs: first in force, then recorded; by the monitor, for whom the kernel may take its time --- */

/* The request's text: what it asked for is put into the document that is there then. */
static int updated(struct run *run, void *context, int rc, struct err *err)
{
	auto_free char *text = context;
	auto_arena arena = {0};
	struct host_config update = {0};
	if (rc == 0)
		rc = json_load(&arena, &table_container_update, text, strlen(text), "update", 0, &update, err);
	if (rc == 0)
		rc = update_record(run->container, &update, err);
	return wrapped(run->container, rc, err);
}

static bool has_limits(const struct host_config *update)
{
	static const struct host_config nothing = {0};
	struct host_config limits = *update;
	auto_buf asked = BUF_INIT(UPDATE_TEXT_MAX), none = BUF_INIT(UPDATE_TEXT_MAX);
	limits.restart_policy = nothing.restart_policy;
	json_encode(&asked, &table_container_update, &limits);
	json_encode(&none, &table_container_update, &nothing);
	return !text_equal(buf_str(&asked), buf_str(&none));
}

/* What is not asked for any more becomes no limit. */
static int limits_compile(const struct host_config *host, struct arena *arena, bool v2, struct buf *tail,
			  struct err *err)
{
	static int64_t unlimited = -1;
	static struct oci_pids no_limit = {&unlimited};
	struct oci_resources *resources;
	struct cgroup_settings settings;
	int rc = spec_resources(host, arena, &resources, err);
	if (rc < 0)
		return rc;
	if (!resources->pids)
		resources->pids = &no_limit;
	rc = cgroup_compile(arena, resources, v2 ? CGROUP_V2 : CGROUP_V1, &settings, err);
	if (rc == 0)
		settings_encode(tail, &settings);
	return rc;
}

static int update_send(struct container *container, const struct host_config *update,
		       const struct container_document *next, struct engine_call *call, struct err *err)
{
	struct monitor_message message = {.type = MONITOR_UPDATE};
	auto_arena arena = {0};
	auto_buf tail = BUF_INIT(MONITOR_TAIL_MAX), text = BUF_INIT(UPDATE_TEXT_MAX);
	int rc = limits_compile(&next->host, &arena, container->engine->cgroup_v2, &tail, err);
	json_encode(&text, &table_container_update, update);
	if (rc == 0)
		rc = buf_check(&text, "the update", err);
	if (rc < 0)
		return rc;
	char *kept = buf_take(&text);
	rc = run_act(container->run, &message, &tail, updated, kept, call, err);
	if (rc < 0)
		free(kept);
	return rc;
}

void engine_update(struct engine *engine, const char *name, const struct host_config *update, struct engine_call *call)
{
	struct container *container;
	struct container_document next;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc < 0) {
		call->done(call, &err);
		return;
	}
	if (container->state == STATE_REMOVING || container->state == STATE_DEAD)
		rc = err_set(&err, EBUSY, "container is marked for removal and cannot be \"update\"");
	if (rc == 0)
		rc = update_check(container, update, &next, &err);
	if (rc == 0 && container->run && has_limits(update)) {
		rc = update_send(container, update, &next, call, &err);
		if (rc == 0)
			return;
	} else if (rc == 0) {
		rc = update_record(container, update, &err);
	}
	call->done(call, wrapped(container, rc, &err) < 0 ? &err : NULL);
}
