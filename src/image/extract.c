#include "image/extract.h"

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "image/tar.h"
#include "image/unpack_tree.h"
#include "image/xattr.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

enum { TIMES_MAX = 65536, FREE_CHECK = 32 << 20, FREE_LEAST = 16 << 20 };

struct later { /* the time of a directory, set when nothing is put into it any more */
	struct later *next;
	char *path;
	struct timespec time;
};

struct extract {
	const struct extract_options *options;
	struct tar tar;
	struct arena arena; /* of laters */
	struct later *laters;
	size_t later_count;
	int parent; /* of the current entry, O_PATH */
	char parent_path[2 * PATH_MAX];
	uint64_t unchecked;
};

static int bad(struct err *err, const struct tar_entry *entry, const char *why)
{
	return err_set(err, EBADMSG, "bad archive: %.256s: %s", entry->name, why);
}

static int failed(struct err *err, const struct tar_entry *entry, const char *what)
{
	return err_sys(err, "%.256s: %s", entry->name, what);
}

/* --- where an entry goes --- */

/* A name of the archive without "./", with `base` replaced by `name`. -EBADMSG. */
static int name_map(const struct extract *extract, const char *name, char out_path[2 * PATH_MAX], struct err *err)
{
	char parent[PATH_MAX], leaf[NAME_MAX + 1];
	const char *base = extract->options->base;
	int rc = tree_split(name, parent, leaf, err);
	if (rc < 0)
		return err_wrap(err, "bad archive: %.256s", name);
	snprintf(out_path, 2 * PATH_MAX, "%s%s%s", parent, *parent ? "/" : "", leaf);
	if (!base)
		return 0;
	bool all = text_equal(base, ".") || text_equal(base, "/");
	const char *rest = all ? out_path : text_after(out_path, base);
	if (!rest || (!all && *rest && *rest != '/'))
		return err_set(err, EBADMSG, "bad archive: %.256s: not below %.256s", name, base);
	rest += *rest == '/';
	auto_free char *mapped = x_printf("%s%s%s", extract->options->name, *rest ? "/" : "", rest);
	if (strlen(mapped) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%.64s...: the name is too long", mapped);
	memcpy(out_path, mapped, strlen(mapped) + 1);
	return 0;
}

/* The directory of the entry's name, made where it is missing; kept for the next entry. */
static int parent_go(struct extract *extract, const char *parent, struct err *err)
{
	char path[2 * PATH_MAX];
	int fd;
	snprintf(path, sizeof path, "%s/%s", extract->options->path, parent);
	if (extract->parent >= 0 && text_equal(path, extract->parent_path))
		return 0;
	int rc = path_open(extract->options->root, path, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, &fd, err);
	if (rc == -ENOENT)
		rc = path_make_dirs(extract->options->root, path, PATH_IN_ROOT, 0755, &fd, err);
	if (rc < 0)
		return rc;
	cleanup_fd(&extract->parent);
	extract->parent = fd;
	memcpy(extract->parent_path, path, strlen(path) + 1);
	return 0;
}

/* Removes what is in the way. A directory stays for a directory. */
static int way_clear(const struct extract *extract, const char *leaf, const struct tar_entry *entry, bool *out_there,
		     struct err *err)
{
	struct stat info;
	bool directory = entry->type == TAR_DIRECTORY;
	*out_there = false;
	if (fstatat(extract->parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(err, entry, "look at what is there");
	if (extract->options->keep_kind && S_ISDIR(info.st_mode) != directory)
		return err_set(err, EINVAL,
			       directory ? "cannot overwrite non-directory \"%.256s\" with directory \"%.256s\""
					 : "cannot overwrite directory \"%.256s\" with non-directory \"%.256s\"",
			       entry->name, extract->options->path);
	*out_there = directory && S_ISDIR(info.st_mode);
	return *out_there ? 0 : path_remove_tree(extract->parent, leaf, err);
}

/* --- attributes --- */

static int attributes_set(const struct extract *extract, int fd, const struct tar_entry *entry, struct err *err)
{
	const struct extract_options *options = extract->options;
	uid_t uid = options->has_owner ? options->uid : entry->uid;
	gid_t gid = options->has_owner ? options->gid : entry->gid;
	/* Owner first: it clears set-uid bits and capabilities. */
	if (fchown(fd, uid, gid) < 0)
		return failed(err, entry, "set the owner");
	if (fchmod(fd, entry->mode) < 0)
		return failed(err, entry, "set the mode");
	return xattrs_set(fd, entry, err);
}

/* Links, devices and fifos have no descriptor of their own; nothing of them is followed. */
static int node_attributes_set(const struct extract *extract, const char *leaf, const struct tar_entry *entry,
			       struct err *err)
{
	const struct extract_options *options = extract->options;
	struct timespec times[2] = {entry->mtime, entry->mtime};
	int rc = xattrs_check(entry, err);
	if (rc < 0)
		return rc;
	if (fchownat(extract->parent, leaf, options->has_owner ? options->uid : entry->uid,
		     options->has_owner ? options->gid : entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, entry, "set the owner");
	if (utimensat(extract->parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, entry, "set the time");
	return 0;
}

/* --- kinds of entries --- */

static int free_check(struct extract *extract, int fd, size_t size, struct err *err)
{
	struct statvfs info;
	extract->unchecked += size;
	if (extract->unchecked < FREE_CHECK)
		return 0;
	extract->unchecked = 0;
	if (fstatvfs(fd, &info) < 0)
		return err_sys(err, "look at the free space");
	if ((uint64_t)info.f_bavail * info.f_frsize < FREE_LEAST)
		return err_set(err, ENOSPC, "the archive does not fit: no space left on the disk");
	return 0;
}

static int data_write(struct extract *extract, int fd, const struct tar_entry *entry, struct err *err)
{
	for (;;) {
		const uint8_t *data;
		size_t size, done = 0;
		uint64_t offset;
		int rc = tar_data(&extract->tar, &data, &size, &offset, err);
		if (rc < 0 || size == 0)
			return rc;
		while (done < size) {
			ssize_t put = pwrite(fd, data + done, size - done, (off_t)(offset + done));
			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return failed(err, entry, "write");
			done += (size_t)put;
		}
		rc = free_check(extract, fd, size, err);
		if (rc < 0)
			return rc;
	}
}

static int file_make(struct extract *extract, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	struct timespec times[2] = {entry->mtime, entry->mtime};
	auto_fd int fd = openat(extract->parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(err, entry, "create");
	int rc = data_write(extract, fd, entry, err);
	if (rc == 0 && entry->parts && ftruncate(fd, (off_t)entry->size) < 0)
		rc = failed(err, entry, "set the size");
	if (rc == 0)
		rc = attributes_set(extract, fd, entry, err);
	if (rc == 0 && futimens(fd, times) < 0)
		rc = failed(err, entry, "set the time");
	return rc;
}

static int directory_make(struct extract *extract, const char *path, const char *leaf, const struct tar_entry *entry,
			  bool there, struct err *err)
{
	if (!there && mkdirat(extract->parent, leaf, 0700) < 0)
		return failed(err, entry, "make the directory");
	auto_fd int fd = openat(extract->parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(err, entry, "open the directory");
	int rc = attributes_set(extract, fd, entry, err);
	if (rc < 0 || extract->later_count == TIMES_MAX)
		return rc;
	struct later *later = arena_new(&extract->arena, struct later);
	*later = (struct later){extract->laters, arena_strdup(&extract->arena, path), entry->mtime};
	extract->laters = later;
	extract->later_count++;
	return 0;
}

static int node_make(struct extract *extract, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	mode_t kind = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	if (entry->type == TAR_CHAR && entry->major == 0 && entry->minor == 0)
		return bad(err, entry, "a device 0:0 is an overlay's whiteout and may not come from an archive");
	if (mknodat(extract->parent, leaf, kind | entry->mode, makedev(entry->major, entry->minor)) < 0)
		return failed(err, entry, "make the node");
	return node_attributes_set(extract, leaf, entry, err);
}

static int symlink_make(struct extract *extract, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	if (symlinkat(entry->link, extract->parent, leaf) < 0)
		return failed(err, entry, "make the symbolic link");
	return node_attributes_set(extract, leaf, entry, err);
}

/* To another name of the archive, as it is found in the container now. */
static int hard_link_make(struct extract *extract, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	char parent[PATH_MAX] = "", target_leaf[NAME_MAX + 1] = "", path[2 * PATH_MAX], mapped[2 * PATH_MAX];
	auto_fd int target = -1;
	struct stat info;
	int rc = name_map(extract, entry->link, mapped, err);
	if (rc == 0)
		rc = tree_split(mapped, parent, target_leaf, err);
	if (rc == 0 && !*target_leaf)
		rc = bad(err, entry, "a hard link to the root");
	snprintf(path, sizeof path, "%s/%s", extract->options->path, parent);
	if (rc == 0)
		rc = path_open(extract->options->root, path, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, &target, err);
	if (rc < 0)
		return err_wrap(err, "%.256s: hard link to %.256s", entry->name, entry->link);
	if (fstatat(target, target_leaf, &info, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(info.st_mode))
		return bad(err, entry, "a hard link to something that is not there, or a directory");
	return linkat(target, target_leaf, extract->parent, leaf, 0) < 0 ? failed(err, entry, "make the hard link") : 0;
}

static int entry_make(struct extract *extract, const struct tar_entry *entry, struct err *err)
{
	char parent[PATH_MAX], leaf[NAME_MAX + 1], path[2 * PATH_MAX];
	bool there;
	int rc = name_map(extract, entry->name, path, err);
	if (rc == 0)
		rc = tree_split(path, parent, leaf, err);
	if (rc < 0)
		return rc;
	if (!*leaf) /* the directory itself: it was there before */
		return 0;
	rc = parent_go(extract, parent, err);
	if (rc == 0)
		rc = way_clear(extract, leaf, entry, &there, err);
	if (rc < 0)
		return rc;
	switch (entry->type) {
	case TAR_FILE:
		return file_make(extract, leaf, entry, err);
	case TAR_DIRECTORY:
		return directory_make(extract, path, leaf, entry, there, err);
	case TAR_HARD_LINK:
		return hard_link_make(extract, leaf, entry, err);
	case TAR_SYMLINK:
		return symlink_make(extract, leaf, entry, err);
	case TAR_CHAR:
	case TAR_BLOCK_DEVICE:
	case TAR_FIFO:
		return node_make(extract, leaf, entry, err);
	}
	BUG("entry type %d", (int)entry->type);
}

/* Deepest last said first; a directory that is not there any more was changed by the container. */
static void times_set(struct extract *extract)
{
	for (struct later *later = extract->laters; later; later = later->next) {
		char parent[PATH_MAX], leaf[NAME_MAX + 1];
		struct err ignored;
		struct timespec times[2] = {later->time, later->time};
		if (tree_split(later->path, parent, leaf, &ignored) < 0 || parent_go(extract, parent, &ignored) < 0)
			continue;
		if (utimensat(extract->parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
	}
}

static int point_check(const struct extract_options *options, struct err *err)
{
	auto_fd int fd = -1;
	int rc = path_open(options->root, options->path, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, &fd, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "Could not find the file %s", options->path);
	if (rc == -ENOTDIR)
		return err_set(err, ENOTDIR, "extraction point is not a directory");
	return rc;
}

int extract(const struct extract_options *options, struct stream *source, struct err *err)
{
	const struct tar_entry *entry;
	int rc = point_check(options, err);
	if (rc < 0)
		return rc;
	struct extract *extract = x_alloc(sizeof *extract);
	mode_t mask = umask(0);
	extract->options = options;
	extract->parent = -1;
	tar_init(&extract->tar, source);
	while ((rc = tar_next(&extract->tar, &entry, err)) > 0) {
		rc = entry_make(extract, entry, err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = tar_drain(&extract->tar, err);
	if (rc == 0)
		times_set(extract);
	umask(mask);
	cleanup_fd(&extract->parent);
	tar_done(&extract->tar);
	arena_done(&extract->arena);
	free(extract);
	return rc;
}
