#include "image/changes.h"

#include "base/text.h"
#include "docker/archive.h"
#include "image/dir_names.h"
#include "image/stubs.h"
#include "image/unpack_tree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

struct walk {
	struct buf *out;
	char path[PATH_MAX]; /* of the current directory: "" or "/a/b" */
	size_t depth;
};

static void note(struct walk *walk, const char *name, enum change_kind kind)
{
	auto_free char *path = x_printf("%s%s%s", walk->path, name ? "/" : "", name ? name : "");
	if (walk->out->len > 0 && walk->out->data[walk->out->len - 1] != '[')
		buf_char(walk->out, ',');
	json_encode(walk->out, &table_filesystem_change, &(struct filesystem_change){path, kind});
}

static bool lower_look(int lower, const char *name, struct stat *out_info)
{
	return lower >= 0 && fstatat(lower, name, out_info, AT_SYMLINK_NOFOLLOW) == 0 && !tree_is_whiteout(out_info);
}

/* The directory below that shows through this one; -1: none. */
static int lower_enter(int lower, const char *name)
{
	return lower < 0 ? -1 : openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_opaque(int fd)
{
	char value;
	return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* Copied up with its parents' sake only: nothing of its own has changed. */
static bool same_directory(const struct stat *a, const struct stat *b)
{
	return S_ISDIR(a->st_mode) && S_ISDIR(b->st_mode) && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_gid == b->st_gid && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Of an opaque directory: what was there below and is gone. */
static int hidden_note(struct walk *walk, int fd, int lower, struct err *err)
{
	auto_strv char **names = NULL;
	int rc = dir_names(lower, &names, err);
	for (char **name = names; rc == 0 && name && *name; name++) {
		struct stat info;
		if (fstatat(fd, *name, &info, AT_SYMLINK_NOFOLLOW) < 0 && lower_look(lower, *name, &info))
			note(walk, *name, CHANGE_DELETED);
	}
	return rc;
}

static int directory_walk(struct walk *walk, int fd, int lower, struct err *err);

static int directory_enter(struct walk *walk, int parent, int lower, const char *name, struct err *err)
{
	size_t length = strlen(walk->path);
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int below = lower_enter(lower, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", name);
	if (length + strlen(name) + 2 > sizeof walk->path || walk->depth == TREE_DEPTH_MAX)
		return err_set(err, ENAMETOOLONG, "%.64s...: more than %d directories deep", walk->path,
			       TREE_DEPTH_MAX);
	snprintf(walk->path + length, sizeof walk->path - length, "/%s", name);
	walk->depth++;
	int rc = below >= 0 && is_opaque(fd) ? hidden_note(walk, fd, below, err) : 0;
	if (rc == 0)
		rc = directory_walk(walk, fd, below, err);
	walk->depth--;
	walk->path[length] = 0;
	return rc;
}

/* Whether anything in it says that the directory has changed, as Docker sees it: something was added or deleted. */
static int directory_touched(int parent, int lower, const char *name, bool *out_touched, struct err *err)
{
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int below = lower_enter(lower, name);
	auto_strv char **names = NULL;
	*out_touched = false;
	if (fd < 0)
		return 0;
	int rc = dir_names(fd, &names, err);
	for (char **at = names; rc == 0 && at && *at && !*out_touched; at++) {
		struct stat info, old;
		if (fstatat(fd, *at, &info, AT_SYMLINK_NOFOLLOW) == 0)
			*out_touched = tree_is_whiteout(&info) || !lower_look(below, *at, &old);
	}
	return rc;
}

/* "hosts" in "/etc" */
static bool stub_at(const struct walk *walk, int fd, const char *name, const struct stat *info)
{
	auto_free char *path = x_printf("%s/%s", walk->path, name);
	return stub_is(fd, name, path + 1, info);
}

/* /etc changes its time when the places of /etc/hosts and the like are made: alone that is no change. */
static bool stubs_alone(const struct walk *walk, int parent, const char *name, const struct stat *info,
			const struct stat *old)
{
	auto_strv char **names = NULL;
	struct err ignored;
	if (*walk->path || !text_equal(name, "etc") || info->st_mode != old->st_mode || info->st_uid != old->st_uid ||
	    info->st_gid != old->st_gid)
		return false;
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || dir_names(fd, &names, &ignored) < 0)
		return false;
	for (char **at = names; at && *at; at++) {
		struct stat inside;
		auto_free char *path = x_printf("etc/%s", *at);
		if (fstatat(fd, *at, &inside, AT_SYMLINK_NOFOLLOW) < 0 || !stub_is(fd, *at, path, &inside))
			return false;
	}
	return true;
}

static int entry_note(struct walk *walk, int fd, int lower, const char *name, const struct stat *info, struct err *err)
{
	struct stat old;
	bool touched = false;
	if (!lower_look(lower, name, &old)) {
		note(walk, name, CHANGE_ADDED);
		return 0;
	}
	if (stubs_alone(walk, fd, name, info, &old))
		return 0;
	if (same_directory(info, &old)) {
		int rc = directory_touched(fd, lower, name, &touched, err);
		if (rc < 0 || !touched)
			return rc;
	}
	note(walk, name, CHANGE_MODIFIED);
	return 0;
}

static int directory_walk(struct walk *walk, int fd, int lower, struct err *err)
{
	auto_strv char **names = NULL;
	int rc = dir_names(fd, &names, err);
	for (char **name = names; rc == 0 && name && *name; name++) {
		struct stat info;
		if (fstatat(fd, *name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* it went while we walked */
		if (tree_is_whiteout(&info)) {
			note(walk, *name, CHANGE_DELETED);
			continue;
		}
		if (stub_at(walk, fd, *name, &info))
			continue;
		rc = entry_note(walk, fd, lower, *name, &info, err);
		if (rc == 0 && S_ISDIR(info.st_mode))
			rc = directory_enter(walk, fd, lower, *name, err);
	}
	return rc;
}

int changes_list(int upper, int lower, struct buf *out, struct err *err)
{
	struct walk walk = {.out = out};
	buf_char(out, '[');
	int rc = directory_walk(&walk, upper, lower, err);
	buf_char(out, ']');
	return rc < 0 ? rc : buf_check(out, "the list of changes", err);
}
