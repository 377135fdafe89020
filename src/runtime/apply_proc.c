#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

/*
 * A write that confines the container goes to procfs and nowhere else, whatever a racing container mounts or links
 * (CVE-2025-52881): through an instance that has no place in any tree, without crossing a mount or a link, and the file
 * is looked at before it is written.
 */
int proc_private_open(int *out_proc, struct err *err)
{
	auto_fd int fs = (int)syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
	auto_fd int proc = -1;
	if (fs >= 0 && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		proc = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* kernel 5.2: fsopen; and in some user namespaces. What is mounted is used, with all checks. */
	if (proc < 0)
		proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs info;
	if (proc < 0 || fstatfs(proc, &info) < 0)
		return err_sys(err, "open procfs");
	if (info.f_type != PROC_SUPER_MAGIC)
		return err_set(err, EINVAL, "/proc is no procfs");
	*out_proc = take_fd(&proc);
	return 0;
}

int proc_private(const struct plan *plan, int *out_proc, struct err *err)
{
	return plan->sysctl_count > 0 ? proc_private_open(out_proc, err) : 0;
}

int proc_open(int proc, const char *name, int flags, int *out_fd, struct err *err)
{
	struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
	struct statfs info;
	auto_fd int fd = (int)syscall(SYS_openat2, proc, name, &how, sizeof how);
	if (fd < 0 && errno == ENOSYS) { /* kernel 5.6: openat2 */
		int rc = path_open(proc, name, PATH_BENEATH, flags, 0, &fd, err);
		if (rc < 0)
			return rc;
	}
	if (fd < 0)
		return err_sys(err, "open %s", name);
	if (fstatfs(fd, &info) < 0 || info.f_type != PROC_SUPER_MAGIC)
		return err_set(err, EINVAL, "%s is not on procfs", name);
	*out_fd = take_fd(&fd);
	return 0;
}

int sysctls_write(const struct plan *plan, int proc, struct err *err)
{
	for (size_t i = 0; i < plan->sysctl_count; i++) {
		const struct plan_setting *setting = &plan->sysctls[i];
		auto_free char *path = x_printf("sys/%s", setting->file);
		auto_fd int fd = -1;
		/* "a.b.c"; or "a/b.c", where a component has a point. */
		for (char *c = path; !strchr(setting->file, '/') && *c; c++)
			*c = *c == '.' ? '/' : *c;
		int rc = proc_open(proc, path, O_WRONLY, &fd, err);
		if (rc < 0)
			return err_wrap(err, "sysctl %s", setting->file);
		rc = fd_write_full(fd, setting->value, strlen(setting->value));
		if (rc < 0)
			return err_set(err, -rc, "sysctl %s: %s", setting->file, strerror(-rc));
	}
	return 0;
}
