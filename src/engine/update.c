#include "engine/update.h"

#include "base/text.h"
#include "engine/create_check.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"

static int document_update(struct container *container, const struct host_config *update, struct err *err)
{
	struct container_document next = container->document;
	int rc = update_merge(&next.host, update, err);
	if (rc == 0)
		rc = create_check_limits(&next.host, err);
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
