#include "engine/launch_volumes.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/volumes.h"
#include "storage/trash.h"
#include "storage/volume.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

static bool is_volume(const struct container_mount *mount)
{
	return text_equal(mount->type, "volume");
}

/* Options as mount(8) has them, split at commas. */
static void mount_fill(struct arena *arena, const struct volume *volume, char *place, struct oci_mount *mount)
{
	const char *options = json_map_get(&volume->options, "o");
	auto_strv char **words = strv_split(options ? options : "", ',');
	size_t count = 0;
	*mount = (struct oci_mount){.destination = place,
				    .type = (char *)json_map_get(&volume->options, "type"),
				    .source = (char *)json_map_get(&volume->options, "device"),
				    .options = arena_array(arena, char *, strv_count(words) + 1)};
	for (char **word = words; *word; word++) {
		if (**word)
			mount->options[count++] = arena_strdup(arena, *word);
	}
}

static bool shares_shm(const struct container *container)
{
	return text_equal(container->document.host.ipc_mode, "shareable");
}

static char *shm_path(const struct container *container, struct arena *arena)
{
	return arena_printf(arena, "%s/containers/%s/shm", container->engine->config.data_root, container->id);
}

/* Docker's /dev/shm, at a place on the host. */
static void shm_fill(const struct container *container, struct arena *arena, struct oci_mount *mount)
{
	char **options = arena_array(arena, char *, 6);
	options[0] = (char *)"nosuid";
	options[1] = (char *)"noexec";
	options[2] = (char *)"nodev";
	options[3] = (char *)"mode=1777";
	options[4] = arena_printf(arena, "size=%lld", (long long)container->document.host.shm_size);
	*mount = (struct oci_mount){.destination = shm_path(container, arena),
				    .type = (char *)"tmpfs",
				    .source = (char *)"shm",
				    .options = options};
}

int launch_volumes(const struct container *container, struct arena *arena, struct oci_mount **out_mounts,
		   size_t *out_count, struct err *err)
{
	struct engine *engine = container->engine;
	size_t total = container->document.mounts.count, count = 0;
	struct oci_mount *mounts = arena_array(arena, struct oci_mount, total + 2);
	for (size_t i = 0; i < total; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		struct volume volume;
		if (!is_volume(mount))
			continue;
		int rc = volume_find(engine->database, arena, mount->name, &volume, err);
		if (rc < 0)
			return rc;
		if (json_map_get(&volume.options, "type"))
			mount_fill(arena, &volume, volumes_mountpoint(engine, arena, mount->name), &mounts[count++]);
	}
	if (shares_shm(container))
		shm_fill(container, arena, &mounts[count++]);
	*out_mounts = mounts;
	*out_count = count;
	return 0;
}

int launch_mount_dirs(const struct container *container, int dir, struct err *err)
{
	if (shares_shm(container) && mkdirat(dir, "shm", 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make shm");
	for (size_t i = 0; i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (!text_equal(mount->type, "image") || !mount->rw)
			continue;
		auto_free char *name = x_printf("image-%zu", i);
		/* What an earlier run wrote is not kept. */
		int rc = trash_put(container->engine->data, dir, name, err);
		if (rc < 0)
			return rc;
		if (mkdirat(dir, name, 0700) < 0)
			return err_sys(err, "make %s", name);
		auto_fd int made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (made < 0 || mkdirat(made, "upper", 0755) < 0 || mkdirat(made, "work", 0700) < 0)
			return err_sys(err, "make %s", name);
	}
	return 0;
}

void launch_volumes_told(const struct container *container, bool mounted)
{
	for (size_t i = 0; i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (!is_volume(mount))
			continue;
		struct json_pair pairs[] = {
		    {(char *)"container", (char *)container->id},
		    {(char *)"destination", mount->destination},
		    {(char *)"propagation", mount->propagation ? mount->propagation : (char *)""},
		    {(char *)"read/write", (char *)(mount->rw ? "true" : "false")},
		};
		const struct json_map more = {pairs, mounted ? array_size(pairs) : 1};
		volumes_event(container->engine, mount->name, mounted ? "mount" : "unmount", &more);
	}
}

/* Not waited for: what still has a file open there keeps the file system, not the place. */
static void take_off(const char *path)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		log_warn("cannot unmount", "path", path);
}

static void volume_take_off(const struct engine *engine, const char *name)
{
	auto_arena arena = {0};
	take_off(volumes_mountpoint(engine, &arena, name));
}

static void shm_take_off(const struct container *container)
{
	auto_arena arena = {0};
	if (shares_shm(container))
		take_off(shm_path(container, &arena));
}

void launch_volumes_release(const struct container *container)
{
	for (size_t i = 0; i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (is_volume(mount) && !volumes_running(container->engine, mount->name, container))
			volume_take_off(container->engine, mount->name);
	}
	shm_take_off(container);
	launch_volumes_told(container, false);
}

void launch_volumes_settle(struct engine *engine)
{
	auto_arena arena = {0};
	struct volume_list list;
	struct err err;
	if (volume_all(engine->database, &arena, &list, &err) < 0) {
		log_error(LOG_LEVEL_WARN, &err, "cannot look after volumes", NULL);
		return;
	}
	for (const struct container *at = engine->containers; at; at = at->next) {
		if (!state_is_running(at->state))
			shm_take_off(at);
	}
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].options.count > 0 && !volumes_running(engine, list.items[i].name, NULL))
			volume_take_off(engine, list.items[i].name);
	}
}
