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

int launch_volumes(const struct container *container, struct arena *arena, struct oci_mount **out_mounts,
		   size_t *out_count, struct err *err)
{
	struct engine *engine = container->engine;
	size_t total = container->document.mounts.count, count = 0;
	struct oci_mount *mounts = arena_array(arena, struct oci_mount, total + 1);
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
	*out_mounts = mounts;
	*out_count = count;
	return 0;
}

int launch_image_dirs(const struct container *container, int dir, struct err *err)
{
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
static void volume_take_off(const struct engine *engine, const char *name)
{
	auto_arena arena = {0};
	if (umount2(volumes_mountpoint(engine, &arena, name), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		log_warn("cannot unmount a volume", "volume", name);
}

void launch_volumes_release(const struct container *container)
{
	for (size_t i = 0; i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (is_volume(mount) && !volumes_running(container->engine, mount->name, container))
			volume_take_off(container->engine, mount->name);
	}
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
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].options.count > 0 && !volumes_running(engine, list.items[i].name, NULL))
			volume_take_off(engine, list.items[i].name);
	}
}
