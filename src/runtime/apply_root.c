#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_child.h"
#include "runtime/apply_mounts.h"
#include "runtime/layer_stack.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

/* --- making it --- */

static int overlay_make(const struct plan *plan, struct err *err)
{
	const struct layer_stack overlay = {
	    .lower = plan->lower, .upper = plan->upper, .work = plan->work, .lose_on_crash = plan->overlay_volatile};
	return layer_stack_mount(&overlay, plan->upper, err);
}

/* pivot_root(2) wants the mount that the root lies on to be no shared one. */
static int parent_make_private(const char *rootfs, struct err *err)
{
	auto_free char *path = x_strdup(rootfs);
	for (;;) {
		if (mount(NULL, *path ? path : "/", NULL, MS_PRIVATE, NULL) == 0)
			return 0;
		char *slash = strrchr(path, '/');
		if (errno != EINVAL || !slash || !*path)
			return err_sys(err, "make the mount of %s private", rootfs);
		*slash = 0;
	}
}

/* A mount point of its own. source: a detached tree of it, or -1. */
static int rootfs_bind(const char *rootfs, int source, bool private, int *out_root, struct err *err)
{
	auto_fd int tree = source >= 0 ? source : tree_open(AT_FDCWD, rootfs, true, true);
	if (tree == -ENOSYS) { /* kernel 5.2: open_tree */
		if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 ||
		    (private && mount(NULL, rootfs, NULL, MS_PRIVATE | MS_REC, NULL) < 0))
			return err_sys(err, "bind the root file system %s", rootfs);
		*out_root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return *out_root < 0 ? err_sys(err, "open the root file system %s", rootfs) : 0;
	}
	if (tree < 0)
		return err_set(err, -tree, "open the root file system %s: %s", rootfs, strerror(-tree));
	if (private && mount(NULL, path_proc_fd(tree).text, NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, "make the root file system %s private", rootfs);
	/* Where its name may not be looked up from in a user namespace, it lies on the old root for the moment. */
	auto_fd int target = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0 && errno == EACCES)
		target = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = target < 0 ? -errno : tree_attach(tree, target);
	if (rc < 0)
		return err_set(err, -rc, "mount the root file system %s: %s", rootfs, strerror(-rc));
	*out_root = take_fd(&tree);
	return 0;
}

int root_make(const struct plan *plan, int source, int *out_root, struct err *err)
{
	uint64_t propagation = plan->root_propagation ? plan->root_propagation : MS_SLAVE | MS_REC;
	if (!plan_has_own(plan, CLONE_NEWNS)) /* what is mounted is the host's, whose own mounts are left alone */
		return plan->rootfs ? rootfs_bind(plan->rootfs, source, true, out_root, err)
				    : err_set(err, EINVAL, "an overlay needs a mount namespace");
	/* What cannot be bound is no use before everything is. */
	if (propagation & MS_UNBINDABLE)
		propagation = MS_PRIVATE | (propagation & MS_REC);
	if (mount(NULL, "/", NULL, propagation, NULL) < 0)
		return err_sys(err, "make mounts private");
	if (plan->rootfs) {
		int rc = plan->root_propagation & MS_SHARED ? parent_make_private(plan->rootfs, err) : 0;
		return rc < 0 ? rc : rootfs_bind(plan->rootfs, source, false, out_root, err);
	}
	int rc = overlay_make(plan, err);
	if (rc < 0)
		return rc;
	*out_root = open(plan->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *out_root < 0 ? err_sys(err, "open the root file system") : 0;
}

/* --- becoming it --- */

/* "\\040" and the like, as /proc/self/mountinfo writes them, in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
}

/* The host's own stay below the root that covers them, and a user namespace inside may mount what it can see whole: so
 * that it sees none, they go, or are covered. */
static int kernel_mount_hide(char *line, const char *rootfs, struct err *err)
{
	char *place = line;
	for (int field = 1; place && field < 5; field++) {
		place = strchr(place, ' ');
		place = place ? place + 1 : NULL;
	}
	const char *type = strstr(line, " - ");
	if (!place || !type || (!text_after(type, " - proc ") && !text_after(type, " - sysfs ")))
		return 0;
	place[strcspn(place, " ")] = 0;
	unescape(place);
	const char *rest = rootfs ? text_after(place, rootfs) : NULL;
	if (rest && (!*rest || *rest == '/'))
		return 0;
	(void)mount(NULL, place, NULL, MS_SLAVE | MS_REC, NULL);
	if (umount2(place, MOUNT_DETACH) == 0)
		return 0;
	/* EINVAL: locked, or gone with one above it; EPERM: of another user namespace. */
	if (errno != EINVAL && errno != EPERM && errno != ENOENT)
		return err_sys(err, "take %s away", place);
	return mount("tmpfs", place, "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1") < 0 && errno != ENOENT
		   ? err_sys(err, "cover %s", place)
		   : 0;
}

static int kernel_mounts_hide(const struct plan *plan, struct err *err)
{
	enum { MOUNTS_MAX = 16 << 20 };
	auto_buf text = BUF_INIT(MOUNTS_MAX);
	int rc = file_read(AT_FDCWD, "/proc/self/mountinfo", &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (size_t i = 0; rc == 0 && lines[i]; i++)
		rc = kernel_mount_hide(lines[i], plan->rootfs ? plan->rootfs : plan->upper, err);
	return rc;
}

/* Where / is an initial ramdisk, which cannot be pivoted away from: it is covered. */
static int root_move(int root, struct err *err)
{
	if (fchdir(root) < 0)
		return err_sys(err, "enter the root file system");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(err, "move the root file system");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_sys(err, "chroot");
	return 0;
}

/* Among the host's mounts the root can only be looked away from. */
static int root_enter(int root, struct err *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_sys(err, "chroot");
	return 0;
}

static int root_exchange(int root, struct err *err)
{
	if (fchdir(root) < 0)
		return err_sys(err, "enter the root file system");
	/* pivot_root(2): the old root lies on the new one for a moment, and is taken off. What happens to it must not
	 * spread to the host. */
	auto_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return err_sys(err, "open the old root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, "pivot_root");
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(err, "let go of the old root");
	if (umount2(".", MOUNT_DETACH) < 0)
		return err_sys(err, "take the old root away");
	if (chdir("/") < 0)
		return err_sys(err, "chdir /");
	return 0;
}

/* The flags that it has anyway may be locked, and stay. */
static int root_make_readonly(struct err *err)
{
	auto_fd int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : tree_attributes(fd, false, MOUNT_ATTR_RDONLY, 0, 0, -1);
	if (rc == -ENOSYS) { /* kernel 5.12: mount_setattr */
		struct statvfs info;
		unsigned long keep = statvfs("/", &info) == 0 ? info.f_flag : 0;
		keep &= MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;
		rc = mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | keep, NULL) < 0 ? -errno : 0;
	}
	return rc < 0 ? err_set(err, -rc, "make the root file system read-only: %s", strerror(-rc)) : 0;
}

int root_pivot(const struct plan *plan, int root, struct err *err)
{
	bool on_host = !plan_has_own(plan, CLONE_NEWNS);
	int rc = plan->no_pivot && !on_host ? kernel_mounts_hide(plan, err) : 0;
	if (rc == 0)
		rc = on_host ? root_enter(root, err) : plan->no_pivot ? root_move(root, err) : root_exchange(root, err);
	if (rc == 0 && plan->root_propagation && mount(NULL, "/", NULL, plan->root_propagation, NULL) < 0)
		rc = err_sys(err, "propagation of the root file system");
	if (rc == 0 && plan->root_readonly)
		rc = root_make_readonly(err);
	return rc;
}
