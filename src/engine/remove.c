/* The removal of containers. */
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/image_use.h"
#include "engine/job.h"
#include "engine/lifecycle.h"
#include "engine/restart.h"
#include "engine/volumes.h"
#include "storage/data.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

/* What cannot be removed now goes with the next start: nothing in the record knows it any more. */
static void files_remove(const struct engine *engine, const char *id)
{
	auto_free char *name = x_printf("containers/%s", id);
	struct err err;
	if (path_remove_tree(engine->run, name, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot remove the files of a container's run", "container", id, NULL);
	if (data_remove_container(engine->data, id, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot remove the files of a container", "container", id, NULL);
}

/* Out of the record, with the anonymous volumes that go with it: from here on it is gone, whatever happens. */
static int record_remove(struct container *container, struct err *err)
{
	struct database *database = container->engine->database;
	bool volumes = container->volumes_go || container->document.host.auto_remove;
	int rc = database_begin(database, err);
	if (rc < 0)
		return rc;
	if (volumes)
		rc = volumes_doom(container, err);
	if (rc == 0)
		rc = container_delete(container, err);
	if (rc == 0)
		return database_commit(database, err);
	database_rollback(database);
	return rc;
}

int lifecycle_remove(struct container *container, struct err *err)
{
	struct engine *engine = container->engine;
	if (container->state != STATE_REMOVING && !state_may(container->state, STATE_REMOVING))
		return err_set(err, EBUSY, "container %s is %s: it cannot be removed", container->id,
			       state_name(container->state));
	int rc = record_remove(container, err);
	if (rc < 0)
		return rc;
	auto_strv char **volumes = volumes_anonymous(container);
	restart_cancel(container);
	files_remove(engine, container->id);
	container->state = STATE_REMOVED;
	container_event(container, "destroy", NULL);
	lifecycle_tell_waiters(container, ENGINE_REMOVED, true);
	attach_drop_early(container);
	exec_forget(container);
	container_free(container);
	volumes_undo(engine, volumes); /* those that are doomed */
	image_use_collect(engine);
	job_trash(engine);
	return 0;
}

static void orphans_find(const struct engine *engine, int parent)
{
	int fd = openat(parent, "containers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	if (!entries) {
		cleanup_fd(&fd);
		return;
	}
	while ((entry = readdir(entries))) {
		const struct container *at = engine->containers;
		if (entry->d_name[0] == '.')
			continue;
		while (at && !text_equal(at->id, entry->d_name))
			at = at->next;
		if (!at)
			files_remove(engine, entry->d_name);
	}
}

void lifecycle_sweep(const struct engine *engine)
{
	orphans_find(engine, engine->data);
	orphans_find(engine, engine->run);
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
