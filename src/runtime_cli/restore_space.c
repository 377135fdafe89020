#include "runtime_cli/restore_space.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

int restore_space_enter(struct restore_space *out_space, struct err *err)
{
	auto_fd int before = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (before < 0 || root < 0 || cwd < 0 || unshare(CLONE_NEWNS) < 0)
		return err_sys(err, "a mount namespace for criu");
	*out_space = (struct restore_space){take_fd(&before), take_fd(&root), take_fd(&cwd)};
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0) {
		struct err ignored;
		int rc = err_sys(err, "make the mounts of criu's namespace slaves");
		(void)!restore_space_leave(out_space, &ignored);
		return rc;
	}
	return 0;
}

int restore_space_leave(struct restore_space *space, struct err *err)
{
	auto_fd int before = space->before, root = space->root, cwd = space->cwd;
	*space = (struct restore_space){-1, -1, -1};
	if (before < 0)
		return 0;
	/* The entry leads to the root of the namespace, which need not have been ours. */
	if (setns(before, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return err_sys(err, "come back from criu's mount namespace");
	return 0;
}

/* A directory that criu makes with what is in it. */
static bool below_restored(const struct plan *plan, const struct plan_mount *mount)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *other = &plan->mounts[i];
		const char *rest = other->kind == PLAN_MOUNT_BIND ? NULL : text_after(mount->target, other->target);
		if (rest && *rest == '/')
			return true;
	}
	return false;
}

/* Bound as long as we prepare: the places of other mounts may lie in it. */
static int bind_fill(const struct plan_mount *mount, const char *rootfs, int root, struct arena *arena,
		     struct criu_pairs *mounts, struct err *err)
{
	struct stat info;
	char path[PATH_MAX];
	auto_fd int target = -1;
	if (stat(mount->source, &info) < 0)
		return err_sys(err, "mount source %s", mount->source);
	int rc = target_open(root, mount->target, S_ISDIR(info.st_mode), true, &target, err);
	if (rc < 0)
		return rc;
	rc = path_name(target, path, err);
	if (rc < 0)
		return rc;
	const char *inside = text_after(path, rootfs);
	if (!inside || *inside != '/')
		return err_set(err, EXDEV, "its place is outside of the root");
	rc = mount_on(target, mount->source, NULL, MS_BIND | MS_REC, NULL);
	if (rc < 0)
		return err_set(err, -rc, "bind: %s", strerror(-rc));
	criu_pair_add(arena, mounts, arena_strdup(arena, inside), mount->source, 0);
	return 0;
}

static int mount_fill(const struct plan *plan, const struct plan_mount *mount, int root, struct arena *arena,
		      struct criu_pairs *mounts, struct err *err)
{
	auto_fd int target = -1;
	if (mount->mount_flags & MS_REMOUNT)
		return 0;
	if (below_restored(plan, mount)) {
		if (mount->kind == PLAN_MOUNT_BIND)
			criu_pair_add(arena, mounts, mount->target, mount->source, 0);
		return 0;
	}
	if (mount->kind == PLAN_MOUNT_BIND)
		return bind_fill(mount, plan->rootfs, root, arena, mounts, err);
	return target_open(root, mount->target, true, true, &target, err);
}

int restore_space_fill(const struct plan *plan, const char *place, struct arena *arena, struct criu_pairs *mounts,
		       struct err *err)
{
	/* A copy of its own, before anything is bound in the other. */
	if (mount(plan->rootfs, place, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(err, "bind the root file system for criu");
	auto_fd int root = open(plan->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open the root file system %s", plan->rootfs);
	for (size_t i = 0; i < plan->mount_count; i++) {
		int rc = mount_fill(plan, &plan->mounts[i], root, arena, mounts, err);
		if (rc < 0)
			return err_wrap(err, "create criu restore mountpoint for %s mount", plan->mounts[i].target);
	}
	return 0;
}
