#include "engine/spec_mounts.h"

#include "base/text.h"
#include "docker/mount_spec.h"

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

static int binds_add(struct mount_list *list, const struct host_config *host, struct err *err)
{
	for (char *const *text = host->binds; text && *text; text++) {
		struct bind_spec spec;
		int rc = bind_spec_parse(list->arena, *text, &spec, err);
		if (rc < 0)
			return rc;
		mount_add(list, spec.target, "bind", spec.source,
			  OPTIONS("rbind", text_empty(spec.propagation) ? "rprivate" : spec.propagation,
				  spec.read_only ? "rro" : "rw", "tugmake"));
	}
	return 0;
}

static void bind_request_add(struct mount_list *list, const struct mount_request *mount)
{
	const struct bind_options *bind = mount->bind;
	bool plain = bind && bind->non_recursive;
	const char *propagation = bind && !text_empty(bind->propagation) ? bind->propagation : "rprivate";
	const char *access = !mount->read_only ? "rw" : bind && bind->read_only_non_recursive ? "ro" : "rro";
	mount_add(
	    list, mount->target, "bind", mount->source,
	    OPTIONS(plain ? "bind" : "rbind", propagation, access, bind && bind->create_mountpoint ? "tugmake" : NULL));
}

static void tmpfs_request_add(struct mount_list *list, const struct mount_request *mount)
{
	const struct tmpfs_options *tmpfs = mount->tmpfs;
	const char *options[8] = {"noexec", "nosuid", "nodev"};
	size_t count = 3;
	if (mount->read_only)
		options[count++] = "ro";
	if (tmpfs && tmpfs->size_bytes > 0)
		options[count++] = arena_printf(list->arena, "size=%lld", (long long)tmpfs->size_bytes);
	if (tmpfs && tmpfs->mode > 0)
		options[count++] = arena_printf(list->arena, "mode=%llo", (long long)tmpfs->mode);
	mount_add(list, mount->target, "tmpfs", "tmpfs", options);
}

/* What the user says comes later and so counts more. */
static void tmpfs_map_add(struct mount_list *list, const struct host_config *host)
{
	for (size_t i = 0; i < host->tmpfs.count; i++) {
		const struct json_pair *pair = &host->tmpfs.items[i];
		auto_strv char **words = strv_split(pair->value, ',');
		size_t count = 3, room = strv_count(words) + 4;
		const char **options = arena_array(list->arena, const char *, room);
		options[0] = "noexec";
		options[1] = "nosuid";
		options[2] = "nodev";
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

static void defaults_add(struct mount_list *list, const struct host_config *host)
{
	const char *access = host->privileged ? "rw" : "ro";
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
	    {"/sys/fs/cgroup", "cgroup", "cgroup", {access, "nosuid", "noexec", "nodev"}},
	    {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (!hidden(list, rows[i].destination))
			mount_add(list, rows[i].destination, rows[i].type, rows[i].source, rows[i].options);
	}
	if (hidden(list, "/dev/shm") || text_equal(host->ipc_mode, "none"))
		return;
	if (text_equal(host->ipc_mode, "host"))
		mount_add(list, "/dev/shm", "bind", "/dev/shm", OPTIONS("rbind", "rprivate"));
	else
		mount_add(list, "/dev/shm", "tmpfs", "shm",
			  OPTIONS("nosuid", "noexec", "nodev", "mode=1777",
				  arena_printf(list->arena, "size=%lld", (long long)host->shm_size)));
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
	enum { DEFAULTS = 10 };
	const struct host_config *host = &container->document.host;
	size_t room = strv_count(host->binds) + host->mounts.count + host->tmpfs.count;
	struct mount_list own = {.arena = arena, .items = arena_array(arena, struct oci_mount, room + 1)};
	struct mount_list all = {
	    .arena = arena, .items = arena_array(arena, struct oci_mount, DEFAULTS + room), .own = &own};
	int rc = binds_add(&own, host, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < host->mounts.count; i++) {
		if (text_equal(host->mounts.items[i].type, "bind"))
			bind_request_add(&own, &host->mounts.items[i]);
		else
			tmpfs_request_add(&own, &host->mounts.items[i]);
	}
	tmpfs_map_add(&own, host);
	defaults_add(&all, host);
	files_add(&all, host, paths->files);
	mounts_sort(&own);
	memcpy(all.items + all.count, own.items, own.count * sizeof *own.items);
	spec->mounts.items = all.items;
	spec->mounts.count = all.count + own.count;
	return 0;
}
