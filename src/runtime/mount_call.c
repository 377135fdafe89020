#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

enum { RECURSIVE = 0x8000 /* AT_RECURSIVE */ };

const char *path_below(const char *name)
{
	while (*name == '/')
		name++;
	return *name ? name : ".";
}

int mount_on(int fd, const char *source, const char *type, unsigned long flags, const char *data)
{
	struct path_proc path = path_proc_fd(fd);
	return mount(source, path.text, type, flags, data) < 0 ? -errno : 0;
}

int tree_open(int dir, const char *name, bool recursive, bool follow)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? RECURSIVE : 0) |
			 (follow ? 0 : AT_SYMLINK_NOFOLLOW) | (*name ? 0 : AT_EMPTY_PATH);
	int fd = (int)syscall(SYS_open_tree, dir, name, flags);
	return fd < 0 ? -errno : fd;
}

int tree_attach(int tree, int target)
{
	return syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
		   ? -errno
		   : 0;
}

int tree_attributes(int tree, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation, int userns)
{
	struct mount_attr attr = {.attr_set = set,
				  .attr_clr = clear,
				  .propagation = propagation,
				  .userns_fd = userns >= 0 ? (uint64_t)userns : 0};
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? RECURSIVE : 0), &attr, sizeof attr) < 0
		   ? -errno
		   : 0;
}

uint64_t mount_attributes(uint64_t mount_flags)
{
	static const struct {
		uint64_t flag, attribute;
	} rows[] = {
	    {MS_RDONLY, MOUNT_ATTR_RDONLY},	    {MS_NOSUID, MOUNT_ATTR_NOSUID},
	    {MS_NODEV, MOUNT_ATTR_NODEV},	    {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
	    {MS_NOATIME, MOUNT_ATTR_NOATIME},	    {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
	    {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}, {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	};
	uint64_t attributes = 0;
	for (size_t i = 0; i < array_size(rows); i++)
		attributes |= mount_flags & rows[i].flag ? rows[i].attribute : 0;
	return attributes;
}

static int directory_make(int root, const char *name, enum path_rule rule, int *out_fd, struct err *err)
{
	return rule == PATH_IN_ROOT ? path_make_place(root, name, 0755, out_fd, err)
				    : path_make_dirs(root, name, rule, 0755, out_fd, err);
}

/* links: how many have been followed. What one leads to that is not there is made. */
static int file_target_make(int root, const char *target, enum path_rule rule, int links, struct err *err)
{
	enum { LINKS_MAX = 40 };
	char leaf[256], to[PATH_MAX];
	auto_free char *parent = x_strdup(target);
	auto_fd int dir = -1, made = -1;
	char *slash = strrchr(parent, '/');
	const char *last = slash ? slash + 1 : parent;
	if (!*last || strlen(last) >= sizeof leaf)
		return err_set(err, EINVAL, "%s: not a file's name", target);
	snprintf(leaf, sizeof leaf, "%.255s", last);
	if (slash)
		*slash = 0;
	int rc = directory_make(root, slash && *parent ? parent : ".", rule, &dir, err);
	if (rc == 0)
		rc = path_open(dir, leaf, PATH_NO_LINKS, O_CREAT | O_RDONLY | O_NONBLOCK, 0644, &made, err);
	ssize_t size =
	    rc == -ELOOP && rule == PATH_IN_ROOT && links < LINKS_MAX ? readlinkat(dir, leaf, to, sizeof to - 1) : -1;
	if (size < 0)
		return rc;
	to[size] = 0;
	auto_free char *next = to[0] == '/' ? x_strdup(to) : x_printf("%s/%s", slash ? parent : "", to);
	return file_target_make(root, next, rule, links + 1, err);
}

int target_open(int root, const char *target, bool directory, bool links, int *out_fd, struct err *err)
{
	enum path_rule rule = links ? PATH_IN_ROOT : PATH_NO_LINKS;
	if (!links)
		target = path_below(target);
	int rc = path_open(root, target, rule, O_PATH, 0, out_fd, err);
	if (rc != -ENOENT)
		return rc;
	if (directory)
		return directory_make(root, target, rule, out_fd, err);
	rc = file_target_make(root, target, rule, 0, err);
	return rc < 0 ? rc : path_open(root, target, rule, O_PATH, 0, out_fd, err);
}
