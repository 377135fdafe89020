#include "runtime/apply_mounts.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/copy_up.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define BIND_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
#define PRIVATE_ALL (MS_PRIVATE | MS_REC)
#define ATIME_FLAGS (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)

/* --- binds --- */

static int bind_attributes(const struct plan_mount *mount, int tree, struct err *err)
{
	uint64_t set = mount_attributes(mount->mount_flags), clear = mount_attributes(mount->mount_clear);
	uint64_t propagation = mount->propagation ? mount->propagation : PRIVATE_ALL;
	bool all = propagation & MS_REC;
	int rc = 0;
	propagation &= ~(uint64_t)MS_REC;
	if (mount->mount_flags & ATIME_FLAGS || clear & MOUNT_ATTR__ATIME)
		clear |= MOUNT_ATTR__ATIME;
	/* In one call where nothing is mounted below, or the same goes for all of it. */
	if (set || clear)
		rc = tree_attributes(tree, false, set, clear, all && mount->flags & PLAN_RECURSIVE ? 0 : propagation,
				     -1);
	if (rc == 0 && (mount->attr_set || mount->attr_clear))
		rc = tree_attributes(tree, true, mount->attr_set, mount->attr_clear, all ? propagation : 0, -1);
	if (rc < 0)
		return err_set(err, -rc, "options: %s", strerror(-rc));
	if (all ? mount->attr_set || mount->attr_clear || ((set || clear) && !(mount->flags & PLAN_RECURSIVE))
		: set || clear)
		return 0;
	rc = tree_attributes(tree, all, 0, 0, propagation, -1);
	return rc < 0 ? err_set(err, -rc, "propagation: %s", strerror(-rc)) : 0;
}

/* kernel 5.12: mount_setattr, and 5.2: open_tree. Before, by names of descriptors, and attributes of what is mounted
 * below a bind cannot be set. */
static int bind_make_older(const struct plan_mount *mount, int root, int target, struct err *err)
{
	auto_fd int over = -1;
	int rc = mount_on(target, mount->source, NULL, MS_BIND | (mount->flags & PLAN_RECURSIVE ? MS_REC : 0), NULL);
	if (rc < 0)
		return err_set(err, -rc, "bind: %s", strerror(-rc));
	/* The descriptor stands for what is below; the name leads to what was just mounted. */
	rc = path_open(root, mount->target, PATH_IN_ROOT, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	uint64_t flags = (mount->mount_flags & BIND_FLAGS) | (mount->attr_set & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0);
	if (flags) {
		rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
		if (rc < 0)
			return err_set(err, -rc, "remount: %s", strerror(-rc));
	}
	rc = mount_on(over, NULL, NULL, mount->propagation ? mount->propagation : PRIVATE_ALL, NULL);
	return rc < 0 ? err_set(err, -rc, "propagation: %s", strerror(-rc)) : 0;
}

static bool has_setattr(void)
{
	static int known; /* of this process; -ENOSYS before kernel 5.12 */
	if (!known)
		known = tree_attributes(-1, false, 0, 0, 0, -1);
	return known != -ENOSYS;
}

/*
 * A user's mount, where it really comes to lie: not on the root itself, and not on or below a proc file system, where
 * it would hide what confines the container; only what fakes its statistics may lie there.
 */
static int place_check(int root, int target, int source, const struct plan_mount *mount, struct err *err)
{
	static const char *const allowed[] = {"/proc/cpuinfo",
					      "/proc/diskstats",
					      "/proc/meminfo",
					      "/proc/stat",
					      "/proc/swaps",
					      "/proc/uptime",
					      "/proc/loadavg",
					      "/proc/slabinfo",
					      "/proc/net/dev",
					      "/proc/sys/kernel/ns_last_pid",
					      "/proc/sys/crypto/fips_enabled"};
	struct stat top, place;
	struct statfs system;
	char path[4096], base[4096];
	struct path_proc link = path_proc_fd(target), root_link = path_proc_fd(root);
	if (fstat(root, &top) < 0 || fstat(target, &place) < 0 || fstatfs(target, &system) < 0)
		return err_sys(err, "%s", mount->target);
	if (top.st_dev == place.st_dev && top.st_ino == place.st_ino)
		return err_set(err, EINVAL, "%s leads to the root of the container: destination can't be '/'",
			       mount->target);
	ssize_t size = readlink(link.text, path, sizeof path - 1),
		length = readlink(root_link.text, base, sizeof base - 1);
	if (size < 0 || length < 0 || size < length)
		return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is inside /proc", mount->target);
	path[size] = 0;
	for (size_t i = 0; i < array_size(allowed); i++) {
		if (text_equal(path + length, allowed[i]))
			return 0;
	}
	if (text_equal(path + length, "/proc")) {
		/* The image's own, before proc is mounted there, or proc itself. */
		if (source >= 0 && fstatfs(source, &system) == 0 && system.f_type == PROC_SUPER_MAGIC)
			return 0;
		return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is not of type proc", mount->target);
	}
	if (system.f_type != PROC_SUPER_MAGIC)
		return 0;
	return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is inside /proc", mount->target);
}

/* What confines the container is read from /proc: only another procfs may be bound there. */
static int proc_check(const struct plan_mount *mount, int tree, struct err *err)
{
	struct statfs info;
	if (!text_equal(mount->target, "/proc"))
		return 0;
	if (fstatfs(tree, &info) == 0 && info.f_type == PROC_SUPER_MAGIC)
		return 0;
	return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is not of type proc", mount->target);
}

static int bind_target(const struct plan_mount *mount, int root, bool directory, int *out_fd, struct err *err)
{
	if (mount->flags & PLAN_TARGET_LINK) {
		int rc = path_open(root, mount->target, PATH_IN_ROOT, O_PATH | O_NOFOLLOW, 0, out_fd, err);
		if (rc != -ENOENT)
			return rc;
	}
	return target_open(root, mount->target, directory, true, out_fd, err);
}

static int bind_make(const struct plan *plan, const struct plan_mount *mount, int root, int source, int opener,
		     struct err *err)
{
	struct stat info;
	auto_fd int tree = source, target = -1;
	int rc = 0;
	if (tree < 0 && opener >= 0 && source_wants_opener(plan, mount))
		rc = opener_ask(opener, plan, mount, root, &tree, err);
	else if (tree < 0 && has_setattr())
		rc = source_open(plan, mount, -1, root, &tree, err);
	if (rc < 0)
		return rc;
	if (tree < 0 && (rc = source_make(mount, err)) < 0)
		return rc;
	if ((tree >= 0 ? fstat(tree, &info) : stat(mount->source, &info)) < 0)
		return err_sys(err, "mount source %s", mount->source);
	rc = tree >= 0 ? proc_check(mount, tree, err) : 0;
	if (rc == 0)
		rc = bind_target(mount, root, S_ISDIR(info.st_mode), &target, err);
	if (rc == 0 && mount->flags & PLAN_USER_PLACE)
		rc = place_check(root, target, tree, mount, err);
	if (rc < 0)
		return rc;
	if (tree < 0)
		return bind_make_older(mount, root, target, err);
	rc = bind_attributes(mount, tree, err);
	if (rc < 0)
		return rc;
	rc = tree_attach(tree, target);
	return rc < 0 ? err_set(err, -rc, "bind: %s", rc == -ENOTDIR ? "not a directory" : strerror(-rc)) : 0;
}

/* --- new file systems --- */

static bool has_mode(const char *data)
{
	return data && (text_after(data, "mode=") || strstr(data, ",mode="));
}

/* The label of everything in it, for SELinux; file systems of the kernel's own have theirs. */
static void data_make(const struct plan *plan, const struct plan_mount *mount, const struct stat *before,
		      struct buf *data)
{
	/* A tmpfs over a directory that is there looks like it, unless its options say otherwise. */
	if (before && text_equal(mount->type, "tmpfs") && !has_mode(mount->data))
		buf_printf(data, "mode=%04o%s", before->st_mode & 07777, text_empty(mount->data) ? "" : ",");
	buf_text(data, mount->data ? mount->data : "");
	if (plan->mount_label && !text_equal(mount->type, "proc") && !text_equal(mount->type, "sysfs") &&
	    !text_equal(mount->type, "mqueue"))
		buf_printf(data, "%scontext=\"%s\"", data->len ? "," : "", plan->mount_label);
}

/* A part of what was just mounted, over the whole. */
static int subpath_show(int over, const struct plan_mount *mount, struct err *err)
{
	auto_fd int part = -1;
	int rc = subpath_open(over, mount, &part, err);
	if (rc < 0)
		return rc;
	struct path_proc from = path_proc_fd(part);
	rc = mount_on(over, from.text, NULL, MS_BIND, NULL);
	return rc < 0 ? err_set(err, -rc, "bind: %s", strerror(-rc)) : 0;
}

/* After the mount: attributes of all below, propagation, the old content of a tmpfs. */
static int fs_finish(const struct plan_mount *mount, int root, bool links, int target, struct err *err)
{
	bool later = mount->flags & PLAN_COPY_UP;
	auto_fd int over = -1;
	if (!later && !mount->propagation && !mount->attr_set && !mount->attr_clear && !mount->subpath)
		return 0;
	int rc = path_open(root, links ? mount->target : path_below(mount->target),
			   links ? PATH_IN_ROOT : PATH_NO_LINKS, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	if (later && (rc = copy_up(target, over, err)) < 0)
		return err_wrap(err, "tmpcopyup");
	if (later && mount->mount_flags & MS_RDONLY)
		rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | mount->mount_flags, NULL);
	if (rc == 0 && (mount->attr_set || mount->attr_clear))
		rc = tree_attributes(over, true, mount->attr_set, mount->attr_clear, 0, -1);
	if (rc == 0 && mount->propagation)
		rc = mount_on(over, NULL, NULL, mount->propagation, NULL);
	if (rc < 0)
		return err_set(err, -rc, "options: %s", strerror(-rc));
	return mount->subpath ? subpath_show(over, mount, err) : 0;
}

static int fs_make(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err)
{
	struct stat before;
	struct err missing;
	auto_fd int target = -1;
	auto_buf data = BUF_INIT(8192);
	bool links = mount->flags & PLAN_USER_PLACE;
	bool there = links && path_open(root, mount->target, PATH_IN_ROOT, O_PATH, 0, &target, &missing) == 0 &&
		     fstat(target, &before) == 0;
	int rc = there ? 0 : target_open(root, mount->target, true, links, &target, err);
	if (rc == -ELOOP || rc == -ENOTDIR)
		return err_set(err, -rc, "%s must be a real directory of the root file system", mount->target);
	if (rc == 0 && links)
		rc = place_check(root, target, -1, mount, err);
	if (rc < 0)
		return rc;
	data_make(plan, mount, there ? &before : NULL, &data);
	uint64_t flags = mount->flags & PLAN_COPY_UP ? mount->mount_flags & ~(uint64_t)MS_RDONLY : mount->mount_flags;
	rc = mount_on(target, mount->source ? mount->source : mount->type, mount->type, flags,
		      data.len ? buf_str(&data) : NULL);
	if (rc < 0)
		return err_set(err, -rc, "mount %s: %s", mount->type, strerror(-rc));
	return fs_finish(mount, root, links, target, err);
}

/* A mount that is only changed: options "remount". */
static int remount(const struct plan_mount *mount, int root, struct err *err)
{
	auto_fd int target = -1;
	int rc = path_open(root, mount->target, PATH_IN_ROOT, O_PATH, 0, &target, err);
	if (rc < 0)
		return rc;
	rc = mount_on(target, NULL, NULL, mount->mount_flags | (mount->kind == PLAN_MOUNT_BIND ? MS_BIND : 0),
		      mount->data && *mount->data ? mount->data : NULL);
	return rc < 0 ? err_set(err, -rc, "remount: %s", strerror(-rc)) : 0;
}

/* A mount that is to share with the host has to be copied while we still do. */
static int shared_open(const struct plan *plan, const int *sources, int *trees, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *at = &plan->mounts[i];
		trees[i] = sources ? sources[i] : -1;
		if (rc == 0 && trees[i] < 0 && at->kind == PLAN_MOUNT_BIND && at->propagation & MS_SHARED &&
		    !(at->mount_flags & MS_REMOUNT) && has_setattr() && !source_inside(plan, at))
			rc = source_open(plan, at, -1, -1, &trees[i], err);
	}
	return rc;
}

int mounts_make(const struct plan *plan, int *sources, int opener, int *out_root, struct err *err)
{
	auto_fd int root = -1;
	auto_free int *trees = x_alloc((plan->mount_count + 1) * sizeof *trees);
	int rc = shared_open(plan, sources, trees, err);
	if (rc == 0)
		rc = root_make(plan, sources ? sources[plan->mount_count] : -1, &root, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *at = &plan->mounts[i];
		if (at->mount_flags & MS_REMOUNT)
			rc = remount(at, root, err);
		else if (at->kind == PLAN_MOUNT_BIND)
			rc = bind_make(plan, at, root, trees[i], opener, err);
		else if (at->kind == PLAN_MOUNT_SECRET)
			rc = secret_make(plan, at, root, err);
		else
			rc = at->kind == PLAN_MOUNT_CGROUP ? cgroup_mount(plan, at, root, err)
							   : fs_make(plan, at, root, err);
		if (rc < 0)
			return err_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"",
					at->source && at->kind != PLAN_MOUNT_SECRET ? at->source : "", at->target);
	}
	*out_root = take_fd(&root);
	return 0;
}
