#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PTS_MAJOR = 136, PTS_MAJOR_LAST = 143 };

/* --- devices --- */

/* In a user namespace nobody makes devices: the host's is bound, when it is what was asked for. */
static int device_bind(const struct plan_device *device, int root, struct err *err)
{
	struct stat info;
	auto_fd int source = open(device->path, O_PATH | O_CLOEXEC), target = -1;
	if (source < 0 || fstat(source, &info) < 0)
		return err_sys(err, "device %s of the host", device->path);
	if ((info.st_mode & S_IFMT) != device->type || info.st_rdev != makedev(device->major, device->minor))
		return err_set(err, EPERM, "device %s of the host is another one", device->path);
	int rc = target_open(root, device->path, false, false, &target, err);
	if (rc < 0)
		return rc;
	struct path_proc path = path_proc_fd(source);
	rc = mount_on(target, path.text, NULL, MS_BIND, NULL);
	return rc < 0 ? err_set(err, -rc, "bind device %s: %s", device->path, strerror(-rc)) : 0;
}

static int device_make(const struct plan_device *device, int root, struct err *err)
{
	char leaf[256];
	auto_fd int parent = -1, made = -1;
	auto_free char *name = x_strdup(device->path);
	char *slash = strrchr(name, '/');
	*slash = 0;
	int rc = path_open_parent(root, path_below(device->path), PATH_NO_LINKS, &parent, leaf, err);
	if (rc == -ENOENT) {
		rc = path_make_dirs(root, path_below(name), PATH_NO_LINKS, 0755, &made, err);
		if (rc == 0)
			rc = path_open_parent(root, path_below(device->path), PATH_NO_LINKS, &parent, leaf, err);
	}
	if (rc < 0)
		return rc;
	/* One call makes it as it is to be. */
	mode_t mask = umask(0);
	int made_rc = mknodat(parent, leaf, device->type | device->mode, makedev(device->major, device->minor));
	int saved = errno;
	umask(mask);
	errno = saved;
	if (made_rc < 0) {
		if (errno == EEXIST)
			return 0; /* a mount of the user's own brought it */
		return errno == EPERM ? device_bind(device, root, err) : err_sys(err, "make device %s", device->path);
	}
	if ((device->uid || device->gid) && fchownat(parent, leaf, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "make device %s", device->path);
	return 0;
}

/* Whether what is at a place in the root was mounted there by the plan: a bind of the host's /dev is left alone. */
static bool is_bound(const struct plan *plan, const char *target)
{
	for (size_t i = plan->mount_count; i-- > 0;) {
		if (text_equal(plan->mounts[i].target, target))
			return plan->mounts[i].kind == PLAN_MOUNT_BIND;
	}
	return false;
}

int devices_make(const struct plan *plan, int root, struct err *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {{"fd", "/proc/self/fd"},	    {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		     {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},	  {"core", "/proc/kcore"}};
	auto_fd int dev = -1;
	if (is_bound(plan, "/dev"))
		return 0;
	for (size_t i = 0; i < plan->device_count; i++) {
		int rc = device_make(&plan->devices[i], root, err);
		if (rc < 0)
			return rc;
	}
	int rc = path_open(root, "dev", PATH_NO_LINKS, O_PATH | O_DIRECTORY, 0, &dev, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < array_size(links); i++) {
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return err_sys(err, "make /dev/%s", links[i].name);
	}
	return 0;
}

/* By the terminal's own descriptor: a name in /dev/pts may lead elsewhere by then (CVE-2025-52565). */
int console_bind(int root, int slave, struct err *err)
{
	struct stat info;
	auto_fd int target = -1;
	struct path_proc source = path_proc_fd(slave);
	if (fstat(slave, &info) < 0 || !S_ISCHR(info.st_mode) || major(info.st_rdev) < PTS_MAJOR ||
	    major(info.st_rdev) > PTS_MAJOR_LAST)
		return err_set(err, EINVAL, "the terminal is no pseudo-terminal");
	int rc = target_open(root, "/dev/console", false, false, &target, err);
	if (rc < 0)
		return rc;
	rc = mount_on(target, source.text, NULL, MS_BIND, NULL);
	return rc < 0 ? err_set(err, -rc, "bind /dev/console: %s", strerror(-rc)) : 0;
}

/* --- masks --- */

/* The host's null device, and really that: what lies over a mask is read by the container (CVE-2025-31133). */
static int null_open(int *out_fd, struct err *err)
{
	struct stat info;
	auto_fd int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, "open /dev/null");
	if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3))
		return err_set(err, EINVAL, "/dev/null is not the null device");
	*out_fd = take_fd(&fd);
	return 0;
}

/* One empty file system covers all directories: a copy of its mount each. */
static int directory_mask(int target, int *empty)
{
	if (*empty >= 0) {
		auto_fd int tree = tree_open(*empty, "", false, true);
		if (tree >= 0)
			return tree_attach(tree, target);
	}
	return mount_on(target, "tmpfs", "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1");
}

static int path_mask(int root, const char *name, int null, int *empty, struct err *err)
{
	struct stat info;
	auto_fd int fd = -1;
	int rc = path_open(root, name, PATH_IN_ROOT, O_PATH, 0, &fd, err);
	if (rc < 0)
		return rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP ? 0 : rc;
	if (fstat(fd, &info) < 0)
		return err_sys(err, "%s", name);
	struct path_proc source = path_proc_fd(null);
	if (!S_ISDIR(info.st_mode)) {
		rc = mount_on(fd, source.text, NULL, MS_BIND, NULL);
	} else {
		rc = directory_mask(fd, empty);
		if (rc == 0 && *empty < 0)
			(void)!path_open(root, name, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, empty, err);
	}
	return rc < 0 ? err_set(err, -rc, "mask %s: %s", name, strerror(-rc)) : 0;
}

/* Onto itself, so that the rest of its file system stays as it is. */
static int path_make_readonly(int root, const char *name, struct err *err)
{
	auto_fd int fd = -1, over = -1;
	int rc = path_open(root, name, PATH_IN_ROOT, O_PATH, 0, &fd, err);
	if (rc < 0)
		return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
	auto_fd int tree = tree_open(fd, "", true, true);
	rc = tree < 0 ? tree
		      : tree_attributes(tree, false,
					MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
					0, -1);
	if (rc == 0)
		rc = tree_attach(tree, fd);
	if (rc != -ENOSYS)
		return rc < 0 ? err_set(err, -rc, "make %s read-only: %s", name, strerror(-rc)) : 0;
	/* kernel 5.12: mount_setattr */
	struct path_proc path = path_proc_fd(fd);
	rc = mount_on(fd, path.text, NULL, MS_BIND | MS_REC, NULL);
	if (rc == 0) {
		rc = path_open(root, name, PATH_IN_ROOT, O_PATH, 0, &over, err);
		if (rc < 0)
			return rc;
		rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      NULL);
	}
	return rc < 0 ? err_set(err, -rc, "make %s read-only: %s", name, strerror(-rc)) : 0;
}

int paths_hide(const struct plan *plan, int root, struct err *err)
{
	auto_fd int null = -1, empty = -1;
	int rc = 0;
	for (char *const *name = plan->readonly; rc == 0 && name && *name; name++)
		rc = path_make_readonly(root, *name, err);
	if (rc == 0 && plan->masked && plan->masked[0])
		rc = null_open(&null, err);
	for (char *const *name = plan->masked; rc == 0 && name && *name; name++)
		rc = path_mask(root, *name, null, &empty, err);
	return rc;
}
