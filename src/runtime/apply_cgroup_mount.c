#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define CGROUP_TOP "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270
#define KEPT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY)

static int bind(const char *source, int root, const char *name, uint64_t flags, struct err *err)
{
	auto_fd int target = -1, over = -1;
	int rc = target_open(root, name, true, false, &target, err);
	if (rc < 0)
		return rc;
	auto_fd int tree = tree_open(AT_FDCWD, source, false, true);
	rc = tree < 0 ? tree : tree_attributes(tree, false, mount_attributes(flags & KEPT_FLAGS), 0, MS_PRIVATE, -1);
	if (rc == 0)
		rc = tree_attach(tree, target);
	if (rc != -ENOSYS)
		return rc < 0 ? err_set(err, -rc, "bind %s: %s", source, strerror(-rc)) : 0;
	/* kernel 5.12: mount_setattr */
	rc = mount_on(target, source, NULL, MS_BIND, NULL);
	if (rc < 0)
		return err_set(err, -rc, "bind %s: %s", source, strerror(-rc));
	rc = path_open(root, path_below(name), PATH_NO_LINKS, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | (flags & KEPT_FLAGS), NULL);
	if (rc == 0)
		rc = mount_on(over, NULL, NULL, MS_PRIVATE, NULL);
	return rc < 0 ? err_set(err, -rc, "bind %s: %s", source, strerror(-rc)) : 0;
}

/* With a namespace of its own a new mount shows its group as the root; otherwise the group is bound. */
static int unified_mount(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err)
{
	auto_fd int target = -1;
	auto_free char *source = x_printf(CGROUP_TOP "%s", plan->cgroup ? plan->cgroup : "");
	int rc = target_open(root, mount->target, true, false, &target, err);
	if (rc < 0)
		return rc;
	if (plan->namespaces & CLONE_NEWCGROUP && mount_on(target, "cgroup", "cgroup2", mount->mount_flags, NULL) == 0)
		return 0;
	rc = bind(source, root, mount->target, mount->mount_flags, err);
	if (rc != -ENOENT || !plan->cgroup_optional)
		return rc;
	/* Without a group of its own it sees none of the others'. */
	rc = mount_on(target, "tmpfs", "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1");
	return rc < 0 ? err_set(err, -rc, "cover %s: %s", mount->target, strerror(-rc)) : 0;
}

/* A link such as cpu -> cpu,cpuacct is made again; a hierarchy becomes the container's own group of it. */
static int hierarchy_mount(const struct plan *plan, const struct plan_mount *mount, int root, const char *name,
			   struct err *err)
{
	char link[256];
	auto_free char *whole = x_printf(CGROUP_TOP "/%s", name);
	auto_free char *source = x_printf("%s%s", whole, plan->cgroup ? plan->cgroup : "");
	auto_free char *target = x_printf("%s/%s", mount->target, name);
	ssize_t size = readlink(whole, link, sizeof link - 1);
	struct stat info;
	if (size > 0) {
		auto_fd int parent = -1;
		char leaf[256];
		link[size] = 0;
		int rc = path_open_parent(root, path_below(target), PATH_NO_LINKS, &parent, leaf, err);
		if (rc == 0 && !strchr(link, '/') && symlinkat(link, parent, leaf) < 0 && errno != EEXIST)
			rc = err_sys(err, "link %s", target);
		return rc;
	}
	if (stat(source, &info) < 0 || !S_ISDIR(info.st_mode))
		return 0; /* the container has no group there */
	return bind(source, root, target, mount->mount_flags, err);
}

/* v1: a tmpfs with one directory per hierarchy, each the container's own group. */
static int hierarchies_mount(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err)
{
	auto_fd int target = -1, over = -1;
	auto_dir DIR *top = opendir(CGROUP_TOP);
	const struct dirent *entry;
	int rc = target_open(root, mount->target, true, false, &target, err);
	if (rc < 0)
		return rc;
	rc = mount_on(target, "tmpfs", "tmpfs", mount->mount_flags & ~(uint64_t)MS_RDONLY, "mode=755");
	if (rc < 0)
		return err_set(err, -rc, "mount tmpfs: %s", strerror(-rc));
	while (rc == 0 && top && (entry = readdir(top))) {
		if (entry->d_name[0] != '.')
			rc = hierarchy_mount(plan, mount, root, entry->d_name, err);
	}
	if (rc < 0 || !(mount->mount_flags & MS_RDONLY))
		return rc;
	rc = path_open(root, path_below(mount->target), PATH_NO_LINKS, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | mount->mount_flags, NULL);
	return rc < 0 ? err_set(err, -rc, "remount: %s", strerror(-rc)) : 0;
}

int cgroup_mount(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err)
{
	struct statfs info;
	if (statfs(CGROUP_TOP, &info) == 0 && info.f_type == CGROUP2_MAGIC)
		return unified_mount(plan, mount, root, err);
	return hierarchies_mount(plan, mount, root, err);
}
