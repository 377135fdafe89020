#include "image/tar_tree.h"

#include "base/map.h"
#include "base/text.h"
#include "image/dir_names.h"
#include "image/stubs.h"
#include "image/tar_write.h"
#include "image/unpack_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

enum { ATTRIBUTE_MAX = 64 << 10, ATTRIBUTES_MAX = 256, HEAD_MAX = 4 << 20 };

struct level {
	int fd;
	char **names; /* sorted */
	size_t at;
	size_t length; /* of the path without what is in it */
	dev_t device;
	bool whiteout_files; /* kernel 6.7: a whiteout may be an empty file with an attribute */
};

struct tar_tree {
	struct stream base;
	int dir;
	char *leaf;
	struct tar_tree_options options;
	struct level levels[TREE_DEPTH_MAX];
	size_t depth;
	bool begun, ended;
	char path[PATH_MAX]; /* of the current entry, as it is written */
	struct buf head;     /* headers that were not given out yet */
	size_t given;
	int file; /* whose data follow; -1: none */
	uint64_t left, padding;
	struct map links; /* "device:inode" of files with several names: the first one */
	uint8_t *piece;
};

static int failed(const struct tar_tree *tree, struct err *err, const char *what)
{
	return err_sys(err, "%.256s: %s", tree->path, what);
}

/* --- attributes --- */

static bool xattr_wanted(const char *name)
{
	return (text_after(name, "user.") && !text_after(name, "user.overlay.")) ||
	       text_equal(name, "security.capability") || text_equal(name, "system.posix_acl_access") ||
	       text_equal(name, "system.posix_acl_default");
}

static int xattr_add(const struct tar_tree *tree, int fd, const char *name, struct arena *arena,
		     struct tar_entry *entry, struct err *err)
{
	char value[ATTRIBUTE_MAX];
	ssize_t size = fgetxattr(fd, name, value, sizeof value);
	if (size < 0)
		return errno == ENODATA ? 0 : failed(tree, err, "read an attribute");
	if (entry->xattr_count == ATTRIBUTES_MAX)
		return err_set(err, E2BIG, "%.256s: more than %d attributes", tree->path, ATTRIBUTES_MAX);
	char *copy = arena_alloc(arena, (size_t)size + 1);
	memcpy(copy, value, (size_t)size);
	entry->xattrs[entry->xattr_count++] = (struct tar_xattr){arena_strdup(arena, name), copy, (size_t)size};
	return 0;
}

/* Whatever makes an overlay show something else than what lies here cannot be written down as a layer. */
static int xattr_check(const struct tar_tree *tree, const char *name, struct err *err)
{
	if (tree->options.overlay &&
	    (text_equal(name, "trusted.overlay.redirect") || text_equal(name, "trusted.overlay.metacopy")))
		return err_set(
		    err, EOPNOTSUPP,
		    "%.256s: the overlay was mounted with redirect_dir or metacopy, which a layer cannot hold",
		    tree->path);
	return 0;
}

static int xattrs_read(const struct tar_tree *tree, int fd, struct arena *arena, struct tar_entry *entry,
		       struct err *err)
{
	char names[ATTRIBUTE_MAX];
	ssize_t size = flistxattr(fd, names, sizeof names);
	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : failed(tree, err, "list the attributes");
	if (size == 0)
		return 0;
	entry->xattrs = arena_array(arena, struct tar_xattr, ATTRIBUTES_MAX);
	for (const char *name = names; name < names + size; name += strlen(name) + 1) {
		int rc = xattr_check(tree, name, err);
		if (rc == 0 && xattr_wanted(name))
			rc = xattr_add(tree, fd, name, arena, entry, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- whiteouts --- */

/* 'y': opaque; 'x': has whiteouts that are files; 0. */
static char opaque_mark(const struct tar_tree *tree, int fd)
{
	char value = 0;
	return tree->options.overlay && fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 ? value : 0;
}

/* `.wh.NAME`, or the mark of the directory when name is NULL: an empty file. */
static int whiteout_write(struct tar_tree *tree, size_t length, const char *name, struct err *err)
{
	auto_free char *path = x_printf("%.*s.wh.%s", (int)length, tree->path, name ? name : ".wh..opq");
	const struct tar_entry entry = {.type = TAR_FILE, .name = path, .mode = 0600};
	return tar_write_header(&tree->head, &entry, err);
}

static bool is_whiteout(const struct level *level, const char *name, const struct stat *info)
{
	if (tree_is_whiteout(info))
		return true;
	if (!level->whiteout_files || !S_ISREG(info->st_mode) || info->st_size != 0)
		return false;
	auto_fd int fd = openat(level->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && fgetxattr(fd, "trusted.overlay.whiteout", NULL, 0) >= 0;
}

/* --- directories --- */

/* What the kernel makes up is nobody's data. */
static bool is_kernels(int fd)
{
	static const long magics[] = {PROC_SUPER_MAGIC,	  SYSFS_MAGIC,	 CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
				      DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,	     BPF_FS_MAGIC,
				      SECURITYFS_MAGIC,	  0x19800202 /* mqueue */};
	struct statfs info;
	if (fstatfs(fd, &info) < 0)
		return false;
	for (size_t i = 0; i < array_size(magics); i++)
		if (info.f_type == magics[i])
			return true;
	return false;
}

/* Goes into the directory whose entry was written last; takes fd over. */
static int level_push(struct tar_tree *tree, int fd, const struct stat *info, struct err *err)
{
	auto_fd int owned = fd;
	size_t length = strlen(tree->path);
	const struct level *above = tree->depth > 0 ? &tree->levels[tree->depth - 1] : NULL;
	if ((!above || above->device != info->st_dev) && is_kernels(fd))
		return 0;
	if (tree->depth == TREE_DEPTH_MAX)
		return err_set(err, ENAMETOOLONG, "%.256s: more than %d directories deep", tree->path, TREE_DEPTH_MAX);
	struct level level = {.length = length, .device = info->st_dev, .whiteout_files = opaque_mark(tree, fd) == 'x'};
	int rc = dir_names(fd, &level.names, err);
	if (rc < 0)
		return err_wrap(err, "%.256s", tree->path);
	level.fd = take_fd(&owned);
	tree->levels[tree->depth++] = level;
	return 0;
}

static void level_pop(struct tar_tree *tree)
{
	struct level *level = &tree->levels[--tree->depth];
	close(level->fd);
	strv_free(level->names);
}

static int directory_add(struct tar_tree *tree, int parent, const char *leaf, struct tar_entry *entry,
			 struct arena *arena, bool hidden_root, struct err *err)
{
	struct stat info;
	auto_fd int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return failed(tree, err, "open the directory");
	entry->type = TAR_DIRECTORY;
	int rc = xattrs_read(tree, fd, arena, entry, err);
	bool plain = info.st_uid == 0 && info.st_gid == 0 && (info.st_mode & 07777) == 0755 && entry->xattr_count == 0;
	if (rc == 0 && !(hidden_root && plain)) {
		entry->name = hidden_root ? (char *)"./" : tree->path;
		rc = tar_write_header(&tree->head, entry, err);
	}
	if (rc < 0)
		return rc;
	size_t length = strlen(tree->path);
	if (length > 0 && tree->path[length - 1] != '/') {
		if (length + 1 >= sizeof tree->path)
			return err_set(err, ENAMETOOLONG, "%.64s...: the name is too long", tree->path);
		memcpy(tree->path + length, "/", 2);
		length++;
	}
	if (opaque_mark(tree, fd) == 'y')
		rc = whiteout_write(tree, length, NULL, err);
	return rc < 0 ? rc : level_push(tree, take_fd(&fd), &info, err);
}

/* --- other entries --- */

/* The name under which this file was written before; NULL: it was not. */
static const char *link_find(struct tar_tree *tree, const struct stat *info)
{
	char key[48];
	snprintf(key, sizeof key, "%llx:%llx", (unsigned long long)info->st_dev, (unsigned long long)info->st_ino);
	const char *first = map_get(&tree->links, key);
	if (!first)
		free(map_put(&tree->links, key, x_strdup(tree->path)));
	return first;
}

static int file_add(struct tar_tree *tree, int parent, const char *leaf, struct tar_entry *entry, struct arena *arena,
		    struct err *err)
{
	struct stat info;
	auto_fd int fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return failed(tree, err, "open");
	if (!S_ISREG(info.st_mode))
		return err_set(err, EBUSY, "%.256s: it was replaced while it was read", tree->path);
	entry->type = TAR_FILE;
	entry->size = (uint64_t)info.st_size;
	int rc = xattrs_read(tree, fd, arena, entry, err);
	if (rc == 0)
		rc = tar_write_header(&tree->head, entry, err);
	if (rc < 0 || info.st_size == 0)
		return rc;
	tree->left = entry->size;
	tree->padding = tar_write_padding(entry->size);
	tree->file = take_fd(&fd);
	return 0;
}

static int symlink_add(struct tar_tree *tree, int parent, const char *leaf, struct tar_entry *entry, struct err *err)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(parent, leaf, target, sizeof target - 1);
	if (size < 0)
		return failed(tree, err, "read the link");
	target[size] = 0;
	entry->type = TAR_SYMLINK;
	entry->link = target;
	return tar_write_header(&tree->head, entry, err);
}

static int node_add(struct tar_tree *tree, const struct stat *info, struct tar_entry *entry, struct err *err)
{
	entry->type = S_ISCHR(info->st_mode) ? TAR_CHAR : S_ISBLK(info->st_mode) ? TAR_BLOCK_DEVICE : TAR_FIFO;
	if (entry->type != TAR_FIFO) {
		entry->major = major(info->st_rdev);
		entry->minor = minor(info->st_rdev);
	}
	return tar_write_header(&tree->head, entry, err);
}

static int leaf_add(struct tar_tree *tree, int parent, const char *leaf, const struct stat *info,
		    struct tar_entry *entry, struct arena *arena, struct err *err)
{
	const char *first = info->st_nlink > 1 && !S_ISSOCK(info->st_mode) ? link_find(tree, info) : NULL;
	if (first) {
		entry->type = TAR_HARD_LINK;
		entry->link = (char *)first;
		return tar_write_header(&tree->head, entry, err);
	}
	switch (info->st_mode & S_IFMT) {
	case S_IFREG:
		return file_add(tree, parent, leaf, entry, arena, err);
	case S_IFLNK:
		return symlink_add(tree, parent, leaf, entry, err);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return node_add(tree, info, entry, err);
	}
	return 0; /* a socket lives with its process */
}

/* Writes the header of leaf in parent, whose name in the archive is tree->path. level: NULL for the root. */
static int entry_add(struct tar_tree *tree, int parent, const char *leaf, struct err *err)
{
	struct stat info;
	auto_arena arena = {0};
	const struct level *level = tree->depth > 0 ? &tree->levels[tree->depth - 1] : NULL;
	bool root = !level;
	if (fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && !root ? 0 : failed(tree, err, "look at it"); /* it went while we walked */
	if (!root && is_whiteout(level, leaf, &info))
		return tree->options.overlay ? whiteout_write(tree, level->length, leaf, err) : 0;
	if (tree->options.overlay && !root && stub_is(parent, leaf, tree->path, &info))
		return 0;
	if (tree->options.overlay && !root && text_after(leaf, ".wh."))
		return err_set(err, EINVAL, "%.256s: a name that begins with \".wh.\" cannot be kept in a layer",
			       tree->path);
	struct tar_entry entry = {
	    .name = tree->path,
	    .mode = info.st_mode & 07777,
	    .uid = info.st_uid,
	    .gid = info.st_gid,
	    .mtime = {.tv_sec = info.st_mtim.tv_sec},
	};
	if (S_ISDIR(info.st_mode))
		return directory_add(tree, parent, leaf, &entry, &arena, root && !tree->options.name, err);
	return leaf_add(tree, parent, leaf, &info, &entry, &arena, err);
}

/* --- the walk --- */

/* Writes the next header; at the end of the walk the archive's end. */
static int advance(struct tar_tree *tree, struct err *err)
{
	buf_reset(&tree->head);
	tree->given = 0;
	if (!tree->begun) {
		tree->begun = true;
		snprintf(tree->path, sizeof tree->path, "%s", tree->options.name ? tree->options.name : "");
		return entry_add(tree, tree->dir, tree->leaf, err);
	}
	if (tree->depth == 0) {
		tar_write_end(&tree->head);
		tree->ended = true;
		return 0;
	}
	struct level *level = &tree->levels[tree->depth - 1];
	const char *name = level->names ? level->names[level->at] : NULL;
	if (!name) {
		level_pop(tree);
		return 0;
	}
	level->at++;
	tree->path[level->length] = 0;
	if (level->length + strlen(name) + 1 >= sizeof tree->path)
		return err_set(err, ENAMETOOLONG, "%.64s.../%.64s: the name is too long", tree->path, name);
	memcpy(tree->path + level->length, name, strlen(name) + 1);
	return entry_add(tree, level->fd, name, err);
}

static int data_read(struct tar_tree *tree, uint8_t *data, size_t room, size_t *out_size, struct err *err)
{
	size_t size = tree->left < room ? (size_t)tree->left : room;
	ssize_t got;
	do
		got = tree->file < 0 ? 0 : read(tree->file, data, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return failed(tree, err, "read");
	if (got == 0) { /* it has shrunk */
		memset(data, 0, size);
		got = (ssize_t)size;
	}
	tree->left -= (uint64_t)got;
	if (tree->left == 0) {
		cleanup_fd(&tree->file);
		tree->file = -1;
	}
	*out_size = (size_t)got;
	return 0;
}

/* Puts something into the piece; *out_size 0 when all is given. */
static int fill(struct tar_tree *tree, uint8_t *data, size_t room, size_t *out_size, struct err *err)
{
	*out_size = 0;
	while (tree->head.len == tree->given && tree->left == 0 && tree->padding == 0) {
		if (tree->ended)
			return 0;
		int rc = advance(tree, err);
		if (rc < 0)
			return rc;
	}
	size_t waiting = tree->head.len - tree->given;
	if (waiting > 0) {
		*out_size = waiting < room ? waiting : room;
		memcpy(data, tree->head.data + tree->given, *out_size);
		tree->given += *out_size;
		return 0;
	}
	if (tree->left > 0)
		return data_read(tree, data, room, out_size, err);
	*out_size = tree->padding < room ? (size_t)tree->padding : room;
	memset(data, 0, *out_size);
	tree->padding -= *out_size;
	return 0;
}

static int tree_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct tar_tree *tree = (struct tar_tree *)base;
	size_t total = 0, size;
	do {
		int rc = fill(tree, tree->piece + total, STREAM_PIECE - total, &size, err);
		if (rc < 0)
			return rc;
		total += size;
	} while (size > 0 && total < STREAM_PIECE);
	*out_data = tree->piece;
	*out_size = total;
	return 0;
}

static void tree_free(struct stream *base)
{
	struct tar_tree *tree = (struct tar_tree *)base;
	const char *key;
	void *value;
	size_t position = 0;
	while (tree->depth > 0)
		level_pop(tree);
	while (map_next(&tree->links, &position, &key, &value))
		free(value);
	map_done(&tree->links);
	cleanup_fd(&tree->file);
	buf_done(&tree->head);
	free(tree->piece);
	free(tree->leaf);
	free((char *)(uintptr_t)tree->options.name);
	free(tree);
}

int tar_tree_open(int dir, const char *leaf, const struct tar_tree_options *options, struct stream **out_stream,
		  struct err *err)
{
	if (options->name && strlen(options->name) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%.64s...: the name is too long", options->name);
	struct tar_tree *tree = x_alloc(sizeof *tree);
	tree->base = (struct stream){tree_next, tree_free};
	tree->dir = dir;
	tree->leaf = x_strdup(leaf);
	tree->options = *options;
	tree->options.name = options->name ? x_strdup(options->name) : NULL;
	tree->head = (struct buf)BUF_INIT(HEAD_MAX);
	tree->file = -1;
	tree->piece = x_alloc(STREAM_PIECE);
	*out_stream = &tree->base;
	return 0;
}
