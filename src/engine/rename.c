/* rename, and the size of a container's terminal. */
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/name.h"
#include "engine/names.h"
#include "engine/run.h"

int engine_rename(struct engine *engine, const char *name, const char *new_name, struct err *err)
{
	struct container *container;
	struct err ignored;
	const char *bare = new_name + (new_name[0] == '/');
	if (text_empty(bare))
		return err_set(err, EINVAL, "Neither old nor new names may be empty");
	int rc = container_find(engine, name, &container, err);
	if (rc == 0)
		rc = name_check(bare, err);
	if (rc < 0)
		return rc;
	const struct container *other = container_by_name(engine, bare);
	if (other == container)
		return err_set(err, EINVAL, "Renaming a container with the same name as its current name");
	if (other)
		return err_set(err, EEXIST,
			       "Conflict. The container name \"/%s\" is already in use by container \"%s\". You have "
			       "to remove (or "
			       "rename) that container to be able to reuse that name.",
			       bare, other->id);
	auto_free char *old = x_printf("/%s", container->name);
	rc = container_save_name(container, bare, err);
	if (rc == 0)
		container_event(container, "rename", "oldName", old, NULL);
	if (rc == 0 && container->named && names_put(container, -1, &ignored) < 0)
		log_error(LOG_LEVEL_ERROR, &ignored, "a renamed container keeps its old name in its networks", NULL);
	return rc;
}

int engine_resize(struct engine *engine, const char *name, uint16_t height, uint16_t width, struct err *err)
{
	struct container *container;
	struct monitor_message message = {.type = MONITOR_RESIZE, .height = height, .width = width};
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "container %s is not running", container->id);
	return run_send(container->run, &message, NULL, 0, NULL, 0, err);
}
