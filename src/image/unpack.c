#include "image/unpack.h"

#include "base/fd.h"
#include "base/loop.h"
#include "base/path.h"
#include "base/text.h"
#include "image/split.h"
#include "image/tar.h"
#include "image/unpack_tree.h"
#include "image/xattr.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh." /* aufs' own files, and the mark of an opaque directory */
#define WHITEOUT_OPAQUE ".wh..wh..opq"

enum { FREE_CHECK = 32 << 20 }; /* bytes written between two looks at what is free */

struct unpack {
	struct unpack_limits limits;
	struct unpack_result result;
	struct tree tree;
	struct tar tar;
	uint64_t unchecked;		    /* bytes written since the last look */
	struct split_writer *split;	    /* NULL: nobody wants the tar again */
	char path[PATH_MAX + NAME_MAX + 2]; /* of the entry, as it lies in the layer */
};

static int bad(struct err *err, const struct tar_entry *entry, const char *why)
{
	return err_set(err, EBADMSG, "bad archive: %.256s: %s", entry->name, why);
}

static int failed(struct err *err, const struct tar_entry *entry, const char *what)
{
	return err_sys(err, "%.256s: %s", entry->name, what);
}

/* --- limits --- */

static int check_free(struct unpack *unpack, uint64_t size, struct err *err)
{
	struct statvfs info;
	unpack->unchecked += size;
	if (unpack->unchecked < FREE_CHECK)
		return 0;
	unpack->unchecked = 0;
	if (fstatvfs(tree_root(&unpack->tree), &info) < 0)
		return err_sys(err, "look at the free space");
	if ((uint64_t)info.f_bavail * info.f_frsize < unpack->limits.free_bytes)
		return err_set(err, ENOSPC, "the layer does not fit: less than %llu MiB would stay free on the disk",
			       (unsigned long long)unpack->limits.free_bytes >> 20);
	return 0;
}

static int count_entry(struct unpack *unpack, const struct tar_entry *entry, struct err *err)
{
	struct unpack_result *result = &unpack->result;
	if (++result->entries > unpack->limits.entries)
		return err_set(err, EFBIG, "the layer has more than %llu entries",
			       (unsigned long long)unpack->limits.entries);
	if (entry->size > unpack->limits.bytes - result->size)
		return err_set(err, EFBIG, "%.256s: the layer's files are larger than %llu bytes together", entry->name,
			       (unsigned long long)unpack->limits.bytes);
	result->size += entry->size;
	return 0;
}

/* --- attributes --- */

/* Owner first: it clears set-uid bits and capabilities. */
static int set_attributes(int fd, const struct tar_entry *entry, bool new_mode_set, bool owner_is_ours, struct err *err)
{
	if (!(owner_is_ours && entry->uid == 0 && entry->gid == 0) && fchown(fd, entry->uid, entry->gid) < 0)
		return failed(err, entry, "set the owner");
	if ((!new_mode_set || (entry->mode & 07000) || entry->uid || entry->gid) && fchmod(fd, entry->mode) < 0)
		return failed(err, entry, "set the mode");
	return xattrs_set(fd, entry, err);
}

/* --- kinds of entries --- */

/* Makes room for an entry that is not a directory: an earlier one of the same name goes. */
static int clear_name(struct unpack *unpack, int parent, const char *leaf, const struct tar_entry *entry,
		      struct err *err)
{
	struct stat info;
	if (fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(err, entry, "look at what is there");
	bool contents = S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
	int result = unpack->split && contents ? split_move(unpack->split, parent, leaf, unpack->path, err)
					       : path_remove_tree(parent, leaf, err);
	return result < 0 ? err_wrap(err, "%.256s: replace what is there", entry->name) : 0;
}

static int write_data(struct unpack *unpack, int fd, const struct tar_entry *entry, struct err *err)
{
	for (;;) {
		const uint8_t *data;
		size_t size, done = 0;
		uint64_t offset;
		int result = tar_data(&unpack->tar, &data, &size, &offset, err);
		if (result < 0 || size == 0)
			return result;
		while (done < size) {
			ssize_t put = entry->parts ? pwrite(fd, data + done, size - done, (off_t)(offset + done))
						   : write(fd, data + done, size - done);
			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return failed(err, entry, "write");
			done += (size_t)put;
		}
		if (unpack->split)
			split_file(unpack->split, unpack->path, offset, size);
		result = check_free(unpack, size, err);
		if (result < 0)
			return result;
	}
}

/* The file stays empty; what it is the archive's reader learns. */
static int hash_data(struct unpack *unpack, int fd, const struct tar_entry *entry, struct err *err)
{
	struct unpack_contents *contents = unpack->limits.contents;
	auto_hash struct hash *hash = hash_new();
	struct digest digest;
	struct stat info;
	for (;;) {
		const uint8_t *data;
		size_t size;
		uint64_t offset;
		int result = tar_data(&unpack->tar, &data, &size, &offset, err);
		if (result < 0)
			return result;
		if (size == 0)
			break;
		hash_update(hash, data, size);
	}
	if (fstat(fd, &info) < 0)
		return failed(err, entry, "look at the file");
	digest_final(hash, &digest);
	contents->seen(contents, &info, &digest);
	return 0;
}

static int make_file(struct unpack *unpack, int parent, const char *leaf, const struct tar_entry *entry,
		     struct err *err)
{
	enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	auto_fd int fd = openat(parent, leaf, FLAGS, entry->mode & 0777);
	if (fd < 0 && errno == EEXIST) {
		int result = clear_name(unpack, parent, leaf, entry, err);
		if (result < 0)
			return result;
		fd = openat(parent, leaf, FLAGS, entry->mode & 0777);
	}
	if (fd < 0)
		return failed(err, entry, "create");
	const struct unpack_contents *contents = unpack->limits.contents;
	bool empty = contents && !entry->parts && !contents->keep(contents, entry->name);
	int result = empty ? hash_data(unpack, fd, entry, err) : write_data(unpack, fd, entry, err);
	if (result < 0)
		return result;
	if (entry->parts && ftruncate(fd, (off_t)entry->size) < 0)
		return failed(err, entry, "set the size");
	result = set_attributes(fd, entry, true, !tree_parent_gives_group(&unpack->tree), err);
	if (result < 0)
		return result;
	struct timespec times[2] = {entry->mtime, entry->mtime};
	return futimens(fd, times) < 0 ? failed(err, entry, "set the time") : 0;
}

/* Links, devices and fifos have no descriptor of their own: by name in the parent, never following. */
static int set_node_attributes(int parent, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	struct timespec times[2] = {entry->mtime, entry->mtime};
	int result = xattrs_check(entry, err);
	if (result < 0)
		return result;
	if (fchownat(parent, leaf, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, entry, "set the owner");
	/* Nobody else writes here: what was just made is no link, so that fchmodat cannot follow one. */
	if (entry->type != TAR_SYMLINK && fchmodat(parent, leaf, entry->mode, 0) < 0)
		return failed(err, entry, "set the mode");
	return utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0 ? failed(err, entry, "set the time") : 0;
}

static int make_symlink(int parent, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	if (symlinkat(entry->link, parent, leaf) < 0)
		return failed(err, entry, "make the symbolic link");
	return set_node_attributes(parent, leaf, entry, err);
}

static int make_node(int parent, const char *leaf, const struct tar_entry *entry, struct err *err)
{
	mode_t kind = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	if (entry->type == TAR_CHAR && entry->major == 0 && entry->minor == 0)
		return bad(err, entry, "a device 0:0 is an overlay's whiteout and may not come from an archive");
	if (mknodat(parent, leaf, kind | 0600, makedev(entry->major, entry->minor)) < 0)
		return failed(err, entry, "make the node");
	return set_node_attributes(parent, leaf, entry, err);
}

/* The target lies in this same layer, and no symbolic link leads to it. */
static int make_hard_link(struct unpack *unpack, int parent, const char *leaf, const struct tar_entry *entry,
			  struct err *err)
{
	char target_leaf[NAME_MAX + 1];
	auto_fd int target = -1;
	struct stat info;
	int result = tree_find(&unpack->tree, entry->link, &target, target_leaf, err);
	if (result < 0)
		return err_wrap(err, "bad archive: %.256s: hard link to %.256s", entry->name, entry->link);
	if (fstatat(target, target_leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "bad archive: %.256s: hard link to %.256s", entry->name, entry->link);
	if (S_ISDIR(info.st_mode) || tree_is_whiteout(&info))
		return bad(err, entry, "a hard link to a directory or a whiteout");
	struct stat here;
	if (fstatat(parent, leaf, &here, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == info.st_ino)
		return 0; /* a link to itself, or said twice */
	result = clear_name(unpack, parent, leaf, entry, err);
	if (result < 0)
		return result;
	return linkat(target, target_leaf, parent, leaf, 0) < 0 ? failed(err, entry, "make the hard link") : 0;
}

static int make_directory(struct unpack *unpack, int parent, const char *leaf, const struct tar_entry *entry,
			  struct err *err)
{
	struct stat info;
	bool made = mkdirat(parent, leaf, 0700) == 0, was_whiteout = false;
	if (!made && errno != EEXIST)
		return failed(err, entry, "make the directory");
	if (!made && fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, entry, "look at what is there");
	if (!made && !S_ISDIR(info.st_mode)) {
		/* It was removed from below and made anew: nothing of below may show through. */
		was_whiteout = tree_is_whiteout(&info);
		int result = clear_name(unpack, parent, leaf, entry, err);
		if (result < 0)
			return result;
		if (mkdirat(parent, leaf, 0700) < 0)
			return failed(err, entry, "make the directory");
	}
	int result = tree_enter(&unpack->tree, leaf, err);
	if (result < 0)
		return result;
	int fd = tree_top(&unpack->tree);
	if (was_whiteout && tree_set_opaque(&unpack->tree) < 0)
		return failed(err, entry, "mark the directory");
	result = set_attributes(fd, entry, false, false, err);
	if (result == 0)
		tree_set_time(&unpack->tree, entry->mtime, entry->mode);
	return result;
}

/* `.wh.NAME`: NAME of the layers below is gone. What this layer itself brings stays, wherever in the archive it comes.
 */
static int make_whiteout(struct unpack *unpack, int parent, const char *name, const struct tar_entry *entry,
			 struct err *err)
{
	struct stat info;
	if (!*name || text_equal(name, ".") || text_equal(name, ".."))
		return bad(err, entry, "a whiteout without a name");
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, entry, "make the whiteout");
	if (!S_ISDIR(info.st_mode))
		return 0;
	int result = tree_enter(&unpack->tree, name, err);
	if (result < 0)
		return result;
	return tree_set_opaque(&unpack->tree) < 0 ? failed(err, entry, "mark the directory") : 0;
}

static int make_opaque(struct unpack *unpack, const struct tar_entry *entry, struct err *err)
{
	if (tree_depth(&unpack->tree) == 0) {
		unpack->result.opaque = true; /* an overlay reads no mark on its roots */
		return 0;
	}
	return tree_set_opaque(&unpack->tree) < 0 ? failed(err, entry, "mark the directory") : 0;
}

/* --- entries --- */

static int make_root(struct unpack *unpack, const struct tar_entry *entry, struct err *err)
{
	if (entry->type != TAR_DIRECTORY)
		return bad(err, entry, "the root is not a directory");
	int result = tree_go(&unpack->tree, "", err);
	if (result == 0)
		result = set_attributes(tree_root(&unpack->tree), entry, false, false, err);
	if (result == 0)
		tree_set_time(&unpack->tree, entry->mtime, entry->mode);
	return result;
}

static int make_entry(struct unpack *unpack, const struct tar_entry *entry, struct err *err)
{
	char parent_path[PATH_MAX], leaf[NAME_MAX + 1];
	int result = tree_split(entry->name, parent_path, leaf, err);
	if (result < 0)
		return err_wrap(err, "bad archive: %.256s", entry->name);
	if (!*leaf)
		return make_root(unpack, entry, err);
	for (const char *at = unpack->limits.plain ? NULL : parent_path; at;
	     at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
		if (text_after(at, WHITEOUT_META))
			return 0; /* aufs' links */
		if (text_after(at, WHITEOUT))
			return bad(err, entry, "below a whiteout");
	}
	snprintf(unpack->path, sizeof unpack->path, "%s%s%s", parent_path, *parent_path ? "/" : "", leaf);
	const char *hidden = unpack->limits.plain ? NULL : text_after(leaf, WHITEOUT);
	if (hidden && text_after(leaf, WHITEOUT_META) && !text_equal(leaf, WHITEOUT_OPAQUE))
		return 0;
	result = tree_go(&unpack->tree, parent_path, err);
	if (result < 0)
		return err_wrap(err, "bad archive: %.256s", entry->name);
	int parent = tree_top(&unpack->tree);
	if (hidden)
		return text_equal(leaf, WHITEOUT_OPAQUE) ? make_opaque(unpack, entry, err)
							 : make_whiteout(unpack, parent, hidden, entry, err);
	switch (entry->type) {
	case TAR_FILE:
		return make_file(unpack, parent, leaf, entry, err);
	case TAR_DIRECTORY:
		return make_directory(unpack, parent, leaf, entry, err);
	case TAR_HARD_LINK:
		return make_hard_link(unpack, parent, leaf, entry, err);
	case TAR_SYMLINK:
		result = clear_name(unpack, parent, leaf, entry, err);
		return result < 0 ? result : make_symlink(parent, leaf, entry, err);
	case TAR_CHAR:
	case TAR_BLOCK_DEVICE:
	case TAR_FIFO:
		result = clear_name(unpack, parent, leaf, entry, err);
		return result < 0 ? result : make_node(parent, leaf, entry, err);
	}
	BUG("entry type %d", (int)entry->type);
}

static int unpack_entries(struct unpack *unpack, struct err *err)
{
	const struct tar_entry *entry;
	int result;
	while ((result = tar_next(&unpack->tar, &entry, err)) > 0) {
		result = count_entry(unpack, entry, err);
		if (result == 0)
			result = make_entry(unpack, entry, err);
		if (result < 0)
			return result;
	}
	if (result == 0)
		result = tree_finish(&unpack->tree, err);
	return result < 0 ? result : tar_drain(&unpack->tar, err);
}

static void tap(struct tar *tar, const uint8_t *data, size_t size)
{
	split_literal(container_of(tar, struct unpack, tar)->split, data, size);
}

static int unpack_run(int dir, struct split_writer *split, struct stream *source, const struct unpack_limits *limits,
		      struct unpack_result *out_result, struct err *err)
{
	struct stream_hash hashed;
	struct unpack *unpack = x_alloc(sizeof *unpack);
	unpack->split = split;
	unpack->limits = limits ? *limits : (struct unpack_limits){0};
	if (!unpack->limits.bytes)
		unpack->limits.bytes = 4ULL << 40;
	if (!unpack->limits.entries)
		unpack->limits.entries = 8 << 20;
	if (!unpack->limits.free_bytes)
		unpack->limits.free_bytes = 64 << 20;
	mode_t mask = umask(0);
	stream_hash_init(&hashed, source);
	tar_init(&unpack->tar, &hashed.base);
	unpack->tar.tap = split ? tap : NULL;
	int result = tree_init(&unpack->tree, dir, err);
	if (result == 0)
		result = unpack_entries(unpack, err);
	if (result == 0) {
		*out_result = unpack->result;
		digest_final(hashed.hash, &out_result->diff_id);
	}
	tree_done(&unpack->tree);
	tar_done(&unpack->tar);
	stream_done(&hashed.base);
	umask(mask);
	free(unpack);
	return result;
}

int unpack_layer(int dir, struct stream *source, const struct unpack_limits *limits, struct unpack_result *out_result,
		 struct err *err)
{
	return unpack_run(dir, NULL, source, limits, out_result, err);
}

int unpack_staged(int staging, const char *name, struct stream *source, const struct unpack_limits *limits,
		  struct unpack_result *out_result, struct err *err)
{
	struct unpack_result unpacked;
	struct split_writer *split;
	if (mkdirat(staging, name, 0700) < 0)
		return err_sys(err, "make a directory for the layer");
	auto_fd int layer = openat(staging, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer < 0 || mkdirat(layer, "diff", 0755) < 0)
		return err_sys(err, "make the layer's directory");
	auto_fd int dir = openat(layer, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fchmod(dir, 0755) < 0)
		return err_sys(err, "open the layer's directory");
	int result = split_writer_open(layer, &split, err);
	if (result < 0)
		return result;
	result = unpack_run(dir, split, source, limits, &unpacked, err);
	if (result == 0)
		result = split_writer_finish(split, err);
	split_writer_free(split);
	if (result == 0)
		*out_result = unpacked;
	return result;
}
