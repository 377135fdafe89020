#include "runtime/apply_mounts.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Not by sys/mount.h: it and linux/mount.h do not go together everywhere. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

#define BIND_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
#define PRIVATE_ALL (MS_PRIVATE | MS_REC)
enum { DETACH = 2 };

/* PATH_NO_LINKS takes names from the root's descriptor on. */
static const char *relative(const char *name)
{
	while (*name == '/')
		name++;
	return *name ? name : ".";
}

static int mount_on(int fd, const char *source, const char *type, unsigned long flags, const char *data)
{
	struct path_proc path = path_proc_fd(fd);
	return mount(source, path.text, type, flags, data) < 0 ? -errno : 0;
}

/* --- the root --- */

static int overlay_mount(const struct plan *plan, struct err *err)
{
	auto_buf data = BUF_INIT(64 << 10);
	enum { OPTIONS_PAGE = 4095 };
	if (!plan->lower || !plan->lower[0]) /* an image without layers: what is written is all there is */
		return mount(plan->upper, plan->upper, NULL, MS_BIND, NULL) < 0 ? err_sys(err, "bind %s", plan->upper)
										: 0;
	buf_text(&data, "lowerdir=");
	for (char *const *layer = plan->lower; *layer; layer++)
		buf_printf(&data, "%s%s", layer == plan->lower ? "" : ":", *layer);
	buf_printf(&data, ",upperdir=%s,workdir=%s", plan->upper, plan->work);
	size_t plain = data.len;
	if (plan->overlay_volatile)
		buf_text(&data, ",volatile");
	if (data.overflow || data.len > OPTIONS_PAGE)
		return err_set(err, E2BIG, "the image has too many layers for the kernel's mount call");
	if (mount("overlay", plan->upper, "overlay", 0, data.data) == 0)
		return 0;
	if (errno == EINVAL && plan->overlay_volatile) { /* kernel 5.10: overlay volatile */
		data.data[plain] = 0;
		if (mount("overlay", plan->upper, "overlay", 0, data.data) == 0)
			return 0;
	}
	return err_sys(err, "mount the root file system");
}

/* --- mounts in it --- */

/* The place of a mount, made when it is missing: a directory, or a file for the bind of a file. */
static int target_open(int root, const char *target, bool directory, enum path_rule rule, int *out_fd, struct err *err)
{
	if (rule == PATH_NO_LINKS)
		target = relative(target);
	if (directory)
		return path_make_dirs(root, target, rule, 0755, out_fd, err);
	int rc = path_open(root, target, rule, O_PATH, 0, out_fd, err);
	if (rc != -ENOENT)
		return rc;
	char leaf[256];
	auto_free char *parent = x_strdup(target);
	auto_fd int dir = -1, made = -1;
	char *slash = strrchr(parent, '/');
	const char *last = slash ? slash + 1 : parent;
	if (!*last || strlen(last) >= sizeof leaf)
		return err_set(err, EINVAL, "%s: not a file's name", target);
	snprintf(leaf, sizeof leaf, "%.255s", last);
	if (slash)
		*slash = 0;
	rc = path_make_dirs(root, slash && *parent ? parent : ".", rule, 0755, &dir, err);
	if (rc == 0)
		rc = path_open(dir, leaf, PATH_NO_LINKS, O_CREAT | O_RDONLY | O_NONBLOCK, 0644, &made, err);
	if (rc < 0)
		return rc;
	return path_open(root, target, rule, O_PATH, 0, out_fd, err);
}

/* A recursive bind that is read-only in all of its mounts. kernel 5.12: mount_setattr; before, only the first is. */
static int readonly_all(int fd, struct err *err)
{
	struct {
		uint64_t attr_set, attr_clr, propagation, userns_fd;
	} attr = {.attr_set = 1 /* MOUNT_ATTR_RDONLY */};
	enum { MOUNT_SETATTR = 442, RECURSIVE = 0x8000 };
	if (syscall(MOUNT_SETATTR, fd, "", AT_EMPTY_PATH | RECURSIVE, &attr, sizeof attr) < 0 && errno != ENOSYS &&
	    errno != EINVAL)
		return err_sys(err, "mount_setattr");
	return 0;
}

/* A path inside what containers write: links in it lead nowhere else. */
static int subpath_open(int dir, const struct plan_mount *mount, int *out_fd, struct err *err)
{
	int rc = path_open(dir, mount->subpath, PATH_IN_ROOT, O_PATH, 0, out_fd, err);
	return rc < 0 ? err_set(err, -rc, "cannot access path %s/%s: %s", mount->source, mount->subpath,
				rc == -ENOENT ? "no such file or directory" : strerror(-rc))
		      : 0;
}

/* The source, once: what happens to its name afterwards does not matter. */
static int source_open(const struct plan_mount *mount, int *out_fd, bool *out_directory, struct err *err)
{
	struct stat info;
	auto_fd int top = -1, inside = -1;
	auto_fd int fd = open(mount->source, O_PATH | O_CLOEXEC);
	if (fd < 0 && (errno != ENOENT || !(mount->flags & PLAN_MAKE_SOURCE)))
		return err_sys(err, "mount source %s", mount->source);
	if (fd < 0) {
		top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		int rc = path_make_dirs(top, mount->source + 1, PATH_IN_ROOT, 0755, &fd, err);
		if (rc < 0)
			return rc;
	}
	if (mount->subpath) {
		int rc = subpath_open(fd, mount, &inside, err);
		if (rc < 0)
			return rc;
		close(fd);
		fd = take_fd(&inside);
	}
	if (fstat(fd, &info) < 0)
		return err_sys(err, "mount source %s", mount->source);
	*out_directory = S_ISDIR(info.st_mode);
	*out_fd = take_fd(&fd);
	return 0;
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
	enum { PROC_MAGIC = 0x9fa0 };
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
		if (source >= 0 && fstatfs(source, &system) == 0 && system.f_type == PROC_MAGIC)
			return 0;
		return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is not of type proc", mount->target);
	}
	if (system.f_type != PROC_MAGIC)
		return 0;
	return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is inside /proc", mount->target);
}

static int bind_make(const struct plan_mount *mount, int root, struct err *err)
{
	bool directory = false;
	auto_fd int source = -1, target = -1, over = -1;
	int rc = source_open(mount, &source, &directory, err);
	if (rc == 0)
		rc = target_open(root, mount->target, directory, PATH_IN_ROOT, &target, err);
	if (rc == 0 && mount->flags & PLAN_USER_PLACE)
		rc = place_check(root, target, source, mount, err);
	if (rc < 0)
		return rc;
	struct path_proc from = path_proc_fd(source);
	rc = mount_on(target, from.text, NULL, MS_BIND | (mount->flags & PLAN_RECURSIVE ? MS_REC : 0), NULL);
	if (rc < 0)
		return err_set(err, -rc, "bind: %s", strerror(-rc));
	/* The descriptor stands for what is below; the name leads to what was just mounted. */
	rc = path_open(root, mount->target, PATH_IN_ROOT, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	if (mount->mount_flags & BIND_FLAGS) {
		rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | mount->mount_flags, NULL);
		if (rc < 0)
			return err_set(err, -rc, "remount: %s", strerror(-rc));
	}
	rc = mount_on(over, NULL, NULL, mount->propagation ? mount->propagation : PRIVATE_ALL, NULL);
	if (rc < 0)
		return err_set(err, -rc, "propagation: %s", strerror(-rc));
	return mount->flags & PLAN_READONLY_RECURSIVE ? readonly_all(over, err) : 0;
}

/* A tmpfs over a directory that is there looks like it, unless its options say otherwise. */
static int tmpfs_data(const struct plan_mount *mount, int target, char **out_data, struct err *err)
{
	struct stat info;
	if (!mount->type || !text_equal(mount->type, "tmpfs") || text_after(mount->data, "mode=") ||
	    strstr(mount->data, ",mode="))
		return 0;
	if (fstat(target, &info) < 0)
		return err_sys(err, "%s", mount->target);
	*out_data = x_printf("mode=%04o%s%s", info.st_mode & 07777, *mount->data ? "," : "", mount->data);
	return 0;
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

/* A place of the engine's own mounts must not be a link of the image's (R: /dev, /proc or /sys of an image elsewhere).
 */
static int fs_make(const struct plan_mount *mount, int root, struct err *err)
{
	bool user = mount->flags & PLAN_USER_PLACE;
	enum path_rule rule = user ? PATH_IN_ROOT : PATH_NO_LINKS;
	auto_fd int target = -1, over = -1;
	auto_free char *data = NULL;
	struct err missing;
	bool new = user &&path_open(root, mount->target, rule, O_PATH, 0, &target, &missing) < 0;
	cleanup_fd(&target);
	target = -1;
	int rc = target_open(root, mount->target, true, rule, &target, err);
	if (rc == 0 && user)
		rc = place_check(root, target, -1, mount, err);
	if (rc == 0 && user && !new)
		rc = tmpfs_data(mount, target, &data, err);
	if (rc < 0)
		return rc;
	rc = mount_on(target, mount->source ? mount->source : mount->type, mount->type, mount->mount_flags,
		      data ? data : mount->data);
	if (rc < 0)
		return err_set(err, -rc, "mount %s: %s", mount->type, strerror(-rc));
	rc = path_open(root, user ? mount->target : relative(mount->target), rule, O_PATH, 0, &over, err);
	if (rc < 0)
		return rc;
	rc = mount_on(over, NULL, NULL, mount->propagation ? mount->propagation : PRIVATE_ALL, NULL);
	if (rc < 0)
		return err_set(err, -rc, "propagation: %s", strerror(-rc));
	return mount->subpath ? subpath_show(over, mount, err) : 0;
}

/* v1: a tmpfs with one directory per hierarchy, each the container's own group. v2: the container's own group. */
static int cgroup_make(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err)
{
	static const char *const groups[] = {"memory", "cpu", "cpuset", "pids", "devices", "freezer", "blkio"};
	struct statfs info;
	struct plan_mount bind = *mount;
	bind.kind = PLAN_MOUNT_BIND;
	bind.flags = 0;
	bind.type = NULL;
	if (statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == 0x63677270) {
		auto_free char *source = x_printf("/sys/fs/cgroup%s", plan->cgroup);
		bind.source = source;
		return bind_make(&bind, root, err);
	}
	struct plan_mount tmpfs = {.kind = PLAN_MOUNT_FS,
				   .target = mount->target,
				   .source = (char *)"tmpfs",
				   .type = (char *)"tmpfs",
				   .data = (char *)"mode=755",
				   .mount_flags = mount->mount_flags & ~(uint64_t)MS_RDONLY};
	int rc = fs_make(&tmpfs, root, err);
	for (size_t i = 0; rc == 0 && i < array_size(groups); i++) {
		auto_free char *source = x_printf("/sys/fs/cgroup/%s%s", groups[i], plan->cgroup);
		auto_free char *target = x_printf("%s/%s", mount->target, groups[i]);
		bind.source = source;
		bind.target = target;
		if (access(source, F_OK) == 0)
			rc = bind_make(&bind, root, err);
	}
	auto_fd int over = -1;
	if (rc == 0 && mount->mount_flags & MS_RDONLY) {
		rc = path_open(root, relative(mount->target), PATH_NO_LINKS, O_PATH, 0, &over, err);
		if (rc == 0 && (rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | mount->mount_flags, NULL)) < 0)
			err_set(err, -rc, "remount: %s", strerror(-rc));
	}
	return rc;
}

int mounts_make(const struct plan *plan, int *out_root, struct err *err)
{
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(err, "make mounts private");
	int rc = overlay_mount(plan, err);
	if (rc < 0)
		return rc;
	auto_fd int root = open(plan->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open the root file system");
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *at = &plan->mounts[i];
		rc = at->kind == PLAN_MOUNT_BIND     ? bind_make(at, root, err)
		     : at->kind == PLAN_MOUNT_CGROUP ? cgroup_make(plan, at, root, err)
						     : fs_make(at, root, err);
		if (rc < 0)
			return err_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"", at->source ? at->source : "",
					at->target);
	}
	*out_root = take_fd(&root);
	return 0;
}

/* --- devices --- */

static int device_make(const struct plan_device *device, int root, struct err *err)
{
	char leaf[256];
	auto_fd int parent = -1, made = -1;
	auto_free char *name = x_strdup(device->path);
	char *slash = strrchr(name, '/');
	*slash = 0;
	int rc = path_make_dirs(root, relative(name), PATH_NO_LINKS, 0755, &made, err);
	if (rc == 0)
		rc = path_open_parent(root, relative(device->path), PATH_NO_LINKS, &parent, leaf, err);
	if (rc < 0)
		return rc;
	if (mknodat(parent, leaf, device->type | device->mode, makedev(device->major, device->minor)) < 0) {
		if (errno == EEXIST)
			return 0; /* a mount of the user's own brought it */
		return err_sys(err, "make device %s", device->path);
	}
	if (fchmodat(parent, leaf, device->mode, 0) < 0 ||
	    fchownat(parent, leaf, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "make device %s", device->path);
	return 0;
}

int devices_make(const struct plan *plan, int root, struct err *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {{"fd", "/proc/self/fd"},	    {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		     {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},	  {"core", "/proc/kcore"}};
	auto_fd int dev = -1;
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

int console_bind(int root, int slave, struct err *err)
{
	auto_fd int target = -1;
	struct path_proc source = path_proc_fd(slave);
	int rc = target_open(root, "/dev/console", false, PATH_NO_LINKS, &target, err);
	if (rc < 0)
		return rc;
	rc = mount_on(target, source.text, NULL, MS_BIND, NULL);
	return rc < 0 ? err_set(err, -rc, "bind /dev/console: %s", strerror(-rc)) : 0;
}

/* --- sysctls, masks --- */

int sysctls_write(const struct plan *plan, int root, struct err *err)
{
	for (size_t i = 0; i < plan->sysctl_count; i++) {
		const struct plan_setting *setting = &plan->sysctls[i];
		auto_free char *path = x_printf("proc/sys/%s", setting->file);
		auto_fd int fd = -1;
		for (char *c = path + strlen("proc/sys/"); *c; c++)
			*c = *c == '.' ? '/' : *c;
		int rc = path_open(root, path, PATH_NO_LINKS, O_WRONLY, 0, &fd, err);
		if (rc < 0)
			return err_wrap(err, "sysctl %s", setting->file);
		rc = fd_write_full(fd, setting->value, strlen(setting->value));
		if (rc < 0)
			return err_set(err, -rc, "sysctl %s: %s", setting->file, strerror(-rc));
	}
	return 0;
}

static int path_mask(int root, const char *name, struct err *err)
{
	struct stat info;
	auto_fd int fd = -1;
	int rc = path_open(root, relative(name), PATH_NO_LINKS, O_PATH, 0, &fd, err);
	if (rc < 0)
		return rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP ? 0 : rc;
	if (fstat(fd, &info) < 0)
		return err_sys(err, "%s", name);
	rc = S_ISDIR(info.st_mode) ? mount_on(fd, "tmpfs", "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1")
				   : mount_on(fd, "/dev/null", NULL, MS_BIND, NULL);
	return rc < 0 ? err_set(err, -rc, "mask %s: %s", name, strerror(-rc)) : 0;
}

static int path_make_readonly(int root, const char *name, struct err *err)
{
	auto_fd int fd = -1, over = -1;
	int rc = path_open(root, relative(name), PATH_NO_LINKS, O_PATH, 0, &fd, err);
	if (rc < 0)
		return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
	struct path_proc path = path_proc_fd(fd);
	rc = mount_on(fd, path.text, NULL, MS_BIND | MS_REC, NULL);
	if (rc == 0) {
		rc = path_open(root, relative(name), PATH_NO_LINKS, O_PATH, 0, &over, err);
		if (rc < 0)
			return rc;
		rc = mount_on(over, NULL, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      NULL);
	}
	return rc < 0 ? err_set(err, -rc, "make %s read-only: %s", name, strerror(-rc)) : 0;
}

int paths_hide(const struct plan *plan, int root, struct err *err)
{
	int rc = 0;
	for (char *const *name = plan->readonly; rc == 0 && name && *name; name++)
		rc = path_make_readonly(root, *name, err);
	for (char *const *name = plan->masked; rc == 0 && name && *name; name++)
		rc = path_mask(root, *name, err);
	return rc;
}

int root_pivot(const struct plan *plan, int root, struct err *err)
{
	auto_fd int real = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (real < 0 || fchdir(real) < 0)
		return err_sys(err, "enter the root file system");
	/* pivot_root(2): the old root lies on the new one for a moment, and is taken off. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, "pivot_root");
	if (umount2(".", DETACH) < 0)
		return err_sys(err, "take the old root away");
	if (chdir("/") < 0)
		return err_sys(err, "chdir /");
	if (plan->root_readonly && mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return err_sys(err, "make the root file system read-only");
	return 0;
}
