/* The removal of containers. */
#include "base/path.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/lifecycle.h"
#include "engine/restart.h"
#include "engine/volumes.h"
#include "storage/data.h"

#include <signal.h>

static int run_dir_remove(struct container *container, struct err *err)
{
	auto_free char *name = x_printf("containers/%s", container->id);
	return path_remove_tree(container->engine->run, name, err);
}

int lifecycle_finish_removal(struct container *container, struct err *err)
{
	struct engine *engine = container->engine;
	auto_strv char **volumes = volumes_anonymous(container);
	int rc = run_dir_remove(container, err);
	if (rc == 0)
		rc = data_remove_container(engine->data, container->id, err);
	if (rc == 0)
		rc = container_delete(container, err);
	if (rc < 0) {
		struct err ignored;
		if (container_change(container, STATE_DEAD, &ignored) < 0)
			lifecycle_log(container, &ignored, "cannot record that a removal failed");
		return rc;
	}
	container->state = STATE_REMOVED;
	container_event(container, "destroy", NULL);
	lifecycle_tell_waiters(container, ENGINE_REMOVED, true);
	attach_drop_early(container);
	exec_forget(container);
	container_free(container);
	volumes_undo(engine, volumes); /* those that lifecycle_remove doomed */
	job_trash(engine);
	return 0;
}

int lifecycle_remove(struct container *container, struct err *err)
{
	struct database *database = container->engine->database;
	bool volumes = container->volumes_go || container->document.host.auto_remove;
	enum state before = container->state;
	restart_cancel(container);
	int rc = database_begin(database, err);
	if (rc < 0)
		return rc;
	if (volumes)
		rc = volumes_doom(container, err);
	if (rc == 0)
		rc = container_change(container, STATE_REMOVING, err);
	if (rc == 0)
		rc = database_commit(database, err);
	else
		database_rollback(database);
	if (rc < 0) {
		container->state = before;
		return rc;
	}
	return lifecycle_finish_removal(container, err);
}

void engine_remove(struct engine *engine, const char *name, bool force, bool volumes, struct engine_call *call)
{
	struct container *container;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0 && container->state == STATE_REMOVING)
		rc = err_set(&err, EBUSY, "removal of container %s is already in progress", name);
	else if (rc == 0 && container->run && !force)
		rc = err_set(&err, EBUSY,
			     "cannot remove container \"%s\": container is %s: stop the container before removing or "
			     "force remove",
			     name, state_docker(container->state, true));
	if (rc == 0 && container->state == STATE_RESTARTING && !force)
		rc = err_set(&err, EBUSY,
			     "cannot remove container \"%s\": container is restarting: stop the container before "
			     "removing or force remove",
			     name);
	if (rc == 0)
		container->volumes_go = volumes;
	if (rc == 0 && container->run) {
		container->run->remove_after = true;
		container->run->cause = DEATH_REMOVE;
		call_add(&container->run->removing, call);
		/* One that is being started is killed when it runs. */
		if (container->run->started && stop_signal(container, SIGKILL, &err) < 0)
			lifecycle_log(container, &err, "cannot end a container");
		return; /* its end, or its monitor's, goes on */
	}
	if (rc == 0)
		rc = lifecycle_remove(container, &err);
	call->done(call, rc < 0 ? &err : NULL);
}
