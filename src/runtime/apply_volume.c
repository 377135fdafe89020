#include "runtime/apply_volume.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* kernel 5.8: STATX_ATTR_MOUNT_ROOT; before, another device than the parent's, which a bind need not have. */
static bool is_mounted(int parent, const char *name)
{
	struct stat here, there;
#ifdef STATX_ATTR_MOUNT_ROOT
	struct statx info;
	if (statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0, &info) == 0 &&
	    info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return info.stx_attributes & STATX_ATTR_MOUNT_ROOT;
#endif
	return fstat(parent, &here) == 0 && fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_dev != there.st_dev;
}

static int volume_mount(const struct plan_mount *volume, struct err *err)
{
	auto_free char *parent = x_strdup(volume->target);
	char *slash = strrchr(parent, '/');
	*slash = 0;
	auto_fd int dir = open(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Two monitors at once: one mounts, the other finds it. */
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return err_sys(err, "error while mounting volume '%s'", volume->target);
	if (is_mounted(dir, slash + 1))
		return 0;
	unsigned long flags = (unsigned long)volume->mount_flags;
	if (volume->kind == PLAN_MOUNT_BIND)
		flags |= MS_BIND | (volume->flags & PLAN_RECURSIVE ? MS_REC : 0);
	int rc = mount(volume->source, volume->target, volume->type, flags, volume->data);
	if (rc == 0 && volume->kind == PLAN_MOUNT_BIND && volume->mount_flags)
		rc = mount(NULL, volume->target, NULL, MS_REMOUNT | flags, NULL);
	if (rc == 0)
		return 0;
	int code = errno;
	return err_set(
	    err, code,
	    "error while mounting volume '%s': failed to mount local volume: mount %s:%s, flags: 0x%lx%s%s: %s",
	    volume->target, volume->source, volume->target, flags, *volume->data ? ", data: " : "", volume->data,
	    strerror(code));
}

int volumes_mount(const struct plan *plan, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < plan->volume_count; i++)
		rc = volume_mount(&plan->volumes[i], err);
	return rc;
}
