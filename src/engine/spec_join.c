#include "engine/spec_join.h"

#include "base/text.h"
#include "engine/engine_state.h"

#include <fcntl.h>

static int joined_find(struct engine *engine, const char *mode, const char *type, struct container **out_container,
		       struct err *err)
{
	struct container *other = NULL;
	const char *name = text_after(mode, "container:");
	*out_container = NULL;
	if (!name)
		return 0;
	if (!*name)
		return err_set(err, EINVAL, "invalid %s mode: %s", text_equal(type, "ipc") ? "IPC" : "PID", mode);
	int rc = container_find(engine, name, &other, err);
	if (rc < 0)
		return rc;
	if (!state_is_running(other->state) || other->pid <= 0)
		return err_set(err, EBUSY, "cannot join %s namespace of a non running container: container %s is %s",
			       text_equal(type, "ipc") ? "IPC" : "PID", name,
			       state_docker(other->state, other->started_ns != 0));
	if (text_equal(type, "ipc") && !text_equal(other->document.host.ipc_mode, "shareable") &&
	    !text_equal(other->document.host.ipc_mode, "host"))
		return err_set(err, EINVAL,
			       "container %s: non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
			       name);
	*out_container = other;
	return 0;
}

int spec_join(struct engine *engine, struct arena *arena, const char *mode, const char *type, char **out_path,
	      struct err *err)
{
	struct container *other;
	int rc = joined_find(engine, mode ? mode : "", type, &other, err);
	if (rc < 0)
		return rc;
	*out_path = other ? arena_printf(arena, "/proc/%d/ns/%s", other->pid, type) : (char *)"";
	return 0;
}

int spec_join_shm(const struct container *container, struct arena *arena, char **out_path, struct err *err)
{
	const struct container *at = container;
	struct container *other;
	int rc = joined_find(container->engine, container->document.host.ipc_mode, "ipc", &other, err);
	if (rc < 0)
		return rc;
	if (other)
		at = other;
	const char *mode = at->document.host.ipc_mode;
	*out_path = text_equal(mode, "host") ? (char *)"/dev/shm"
		    : text_equal(mode, "shareable")
			? arena_printf(arena, "%s/containers/%s/shm", at->engine->config.data_root, at->id)
			: NULL;
	return 0;
}

int spec_join_open(const struct oci_spec *spec, int *fds, size_t *count, size_t room, struct err *err)
{
	const struct oci_linux *part = spec->linux_part;
	for (size_t i = 0; i < part->namespaces.count; i++) {
		const char *path = part->namespaces.items[i].path;
		if (text_empty(path))
			continue;
		if (*count == room)
			return err_set(err, E2BIG, "too many namespaces to join");
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, "join %s", path);
		fds[(*count)++] = fd;
	}
	return 0;
}
