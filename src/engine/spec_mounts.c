#include "engine/spec_mounts.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/mount_source.h"
#include "engine/spec_join.h"
#include "engine/volumes.h"

#include <string.h>

struct mount_list {
	struct arena *arena;
	struct oci_mount *items;
	size_t count;
	const struct mount_list *own; /* what the user asked for, for the list of the defaults */
};

/* Options end with NULL. */
static struct oci_mount *mount_add(struct mount_list *list, const char *destination, const char *type,
				   const char *source, const char *const *options)
{
	enum { EXTRA = 2 };
	size_t count = 0;
	while (options[count])
		count++;
	struct oci_mount *mount = &list->items[list->count++];
	*mount = (struct oci_mount){.destination = (char *)destination, .type = (char *)type, .source = (char *)source};
	mount->options = arena_array(list->arena, char *, count + EXTRA);
	for (size_t i = 0; i < count; i++)
		mount->options[i] = arena_strdup(list->arena, options[i]);
	return mount;
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A path of the user's that hides a default one: itself, or /dev all below it. */
static bool hidden(const struct mount_list *list, const char *destination)
{
	for (size_t i = 0; i < list->own->count; i++) {
		const char *own = list->own->items[i].destination;
		const char *rest = text_after(destination, own);
		if (text_equal(own, destination) || (text_equal(own, "/dev") && rest && *rest == '/'))
			return true;
	}
	return false;
}

/* --- what was asked for --- */

/* "tuguser": the place may lie behind links of the image's; "tugmake": a source that is missing is made. */
static void bind_add(struct mount_list *list, const struct container_mount *mount, const char *source)
{
	const char *access = mount->rw ? "rw" : mount->readonly_top ? "ro" : "rro";
	const char *options[8] = {mount->non_recursive ? "bind" : "rbind",
				  text_empty(mount->propagation) ? "rprivate" : mount->propagation, access, "tuguser"};
	size_t count = 4;
	if (mount->make_source && text_equal(mount->type, "bind"))
		options[count++] = "tugmake";
	if (!text_empty(mount->subpath))
		options[count++] = arena_printf(list->arena, "tugsubpath=%s", mount->subpath);
	mount_add(list, mount->destination, "bind", source, options);
}

static void tmpfs_add(struct mount_list *list, const struct container_mount *mount)
{
	size_t count = 0, room = strv_count(mount->tmpfs_options) + 8;
	const char **options = arena_array(list->arena, const char *, room);
	static const char *const fixed[] = {"noexec", "nosuid", "nodev", "tuguser"};
	for (; count < array_size(fixed); count++)
		options[count] = fixed[count];
	if (!mount->rw)
		options[count++] = "ro";
	if (mount->tmpfs_size > 0)
		options[count++] = arena_printf(list->arena, "size=%lld", (long long)mount->tmpfs_size);
	if (mount->tmpfs_mode > 0)
		options[count++] = arena_printf(list->arena, "mode=%llo", (long long)mount->tmpfs_mode);
	for (char *const *word = mount->tmpfs_options; word && *word; word++)
		options[count++] = *word;
	mount_add(list, mount->destination, "tmpfs", "tmpfs", options);
}

/* The image's layers; what is written goes to a directory of the container's and with it. */
static int image_add(struct mount_list *list, const struct container *container, const struct container_mount *mount,
		     const char *files, size_t number, struct err *err)
{
	struct engine *engine = container->engine;
	struct digest id;
	char **lower;
	auto_buf dirs = BUF_INIT(1 << 20);
	int rc = digest_parse(mount->source, &id, err);
	if (rc == 0)
		rc = image_lower_dirs(engine->images, list->arena, &id, &lower, err);
	if (rc < 0)
		return rc;
	if (lower[0] && !lower[1] && !mount->rw) { /* an overlay needs two */
		struct container_mount layer = *mount;
		layer.type = (char *)"bind";
		bind_add(list, &layer, arena_printf(list->arena, "%s/%s", engine->config.data_root, lower[0]));
		return 0;
	}
	for (char **layer = lower; *layer; layer++)
		buf_printf(&dirs, "%s%s/%s", layer == lower ? "" : ":", engine->config.data_root, *layer);
	const char *options[8] = {"nosuid", "nodev", "tuguser",
				  arena_printf(list->arena, "lowerdir=%s", buf_str(&dirs))};
	size_t count = 4;
	if (mount->rw) {
		options[count++] = arena_printf(list->arena, "upperdir=%s/image-%zu/upper,workdir=%s/image-%zu/work",
						files, number, files, number);
	} else {
		options[count++] = "ro";
	}
	if (!text_empty(mount->subpath))
		options[count++] = arena_printf(list->arena, "tugsubpath=%s", mount->subpath);
	mount_add(list, mount->destination, "overlay", "overlay", options);
	return 0;
}

static int mounts_add(struct mount_list *list, const struct container *container, const char *files, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (text_equal(mount->type, "volume")) {
			bind_add(list, mount, volumes_mountpoint(container->engine, list->arena, mount->name));
		} else if (text_equal(mount->type, "bind")) {
			rc = mount_source_check(mount->source, mount->propagation ? mount->propagation : "", err);
			bind_add(list, mount, mount->source);
		} else if (text_equal(mount->type, "image")) {
			rc = image_add(list, container, mount, files, i, err);
		} else {
			tmpfs_add(list, mount);
		}
	}
	return rc;
}

/* What the user says comes later and so counts more. */
static void tmpfs_map_add(struct mount_list *list, const struct host_config *host)
{
	for (size_t i = 0; i < host->tmpfs.count; i++) {
		const struct json_pair *pair = &host->tmpfs.items[i];
		auto_strv char **words = strv_split(pair->value, ',');
		size_t count = 4, room = strv_count(words) + 5;
		const char **options = arena_array(list->arena, const char *, room);
		options[0] = "noexec";
		options[1] = "nosuid";
		options[2] = "nodev";
		options[3] = "tuguser";
		for (char **word = words; *word; word++) {
			if (**word)
				options[count++] = *word;
		}
		mount_add(list, pair->key, "tmpfs", "tmpfs", options);
	}
}

static size_t depth(const char *path)
{
	size_t count = 0;
	for (; *path; path++)
		count += *path == '/' && path[1] && path[1] != '/';
	return count;
}

/* What lies deeper comes later; of equal depth, as it was said. */
static void mounts_sort(struct mount_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct oci_mount mount = list->items[i];
		size_t at = i;
		for (; at > 0 && depth(list->items[at - 1].destination) > depth(mount.destination); at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = mount;
	}
}

/* --- the whole --- */

static int defaults_add(struct mount_list *list, const struct container *container, struct err *err)
{
	const struct host_config *host = &container->document.host;
	struct spec_security security;
	char *shm;
	int rc = spec_security(host, false, &security, err);
	if (rc == 0)
		rc = spec_join_shm(container, list->arena, &shm, err);
	if (rc < 0)
		return rc;
	const char *access = host->privileged ? "rw" : "ro";
	const char *groups = host->privileged || security.writable_cgroups ? "rw" : "ro";
	const struct {
		const char *destination, *type, *source;
		const char *options[9];
	} rows[] = {
	    {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
	    {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	    {"/dev/pts",
	     "devpts",
	     "devpts",
	     {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	    {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}},
	    {"/sys/fs/cgroup", "cgroup", "cgroup", {groups, "nosuid", "noexec", "nodev"}},
	    {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (!hidden(list, rows[i].destination))
			mount_add(list, rows[i].destination, rows[i].type, rows[i].source, rows[i].options);
	}
	if (hidden(list, "/dev/shm") || text_equal(host->ipc_mode, "none"))
		return 0;
	if (shm)
		mount_add(list, "/dev/shm", "bind", shm, OPTIONS("rbind", "rprivate"));
	else
		mount_add(list, "/dev/shm", "tmpfs", "shm",
			  OPTIONS("nosuid", "noexec", "nodev", "mode=1777",
				  arena_printf(list->arena, "size=%lld", (long long)host->shm_size)));
	return 0;
}

static int init_add(struct mount_list *list, const struct container *container, struct err *err)
{
	const char *program = container->engine->reaper;
	if (!spec_has_init(&container->document.host))
		return 0;
	if (!program)
		return err_set(err, ENOENT, "--init: tug-reaper is not installed beside tugd");
	mount_add(list, SPEC_INIT_PATH, "bind", program, OPTIONS("bind", "rprivate", "ro"));
	return 0;
}

static void files_add(struct mount_list *list, const struct host_config *host, const char *files)
{
	static const char *const names[] = {"resolv.conf", "hostname", "hosts"};
	for (size_t i = 0; i < array_size(names); i++) {
		const char *destination = arena_printf(list->arena, "/etc/%s", names[i]);
		if (!hidden(list, destination))
			mount_add(list, destination, "bind", arena_printf(list->arena, "%s/%s", files, names[i]),
				  OPTIONS("rbind", "rprivate", host->readonly_rootfs ? "ro" : "rw"));
	}
}

int spec_mounts(const struct container *container, struct arena *arena, const struct spec_paths *paths,
		struct oci_spec *spec, struct err *err)
{
	enum { DEFAULTS = 11 };
	const struct host_config *host = &container->document.host;
	size_t room =
	    container->document.mounts.count + host->tmpfs.count + (container->step ? container->step->mount_count : 0);
	struct mount_list own = {.arena = arena, .items = arena_array(arena, struct oci_mount, room + 1)};
	struct mount_list all = {
	    .arena = arena, .items = arena_array(arena, struct oci_mount, DEFAULTS + room), .own = &own};
	int rc = mounts_add(&own, container, paths->files, err);
	if (rc < 0)
		return rc;
	tmpfs_map_add(&own, host);
	for (size_t i = 0; container->step && i < container->step->mount_count; i++)
		own.items[own.count++] = container->step->mounts[i];
	rc = defaults_add(&all, container, err);
	if (rc < 0)
		return rc;
	files_add(&all, host, paths->network_files);
	rc = init_add(&all, container, err);
	if (rc < 0)
		return rc;
	mounts_sort(&own);
	memcpy(all.items + all.count, own.items, own.count * sizeof *own.items);
	spec->mounts.items = all.items;
	spec->mounts.count = all.count + own.count;
	return 0;
}
