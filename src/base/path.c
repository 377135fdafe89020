#include "base/path.h"

#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

enum { LINKS_MAX = 40, LINKS_REFUSED = -1, DEPTH_MAX = 256, RACE_TRIES = 256 };

static uint64_t resolve_flags(enum path_rule rule)
{
	switch (rule) {
	case PATH_IN_ROOT:
		return RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	case PATH_BENEATH:
		return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	case PATH_NO_LINKS:
		return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
	}
	BUG("path rule %d", (int)rule);
}

/* --- kernel 5.6: openat2. The walk below is for kernels before it. --- */

struct walk {
	int stack[DEPTH_MAX]; /* the directories from the root down, O_PATH */
	size_t depth;
	char rest[2 * PATH_MAX]; /* what is still to be resolved */
	int links;
};

static void walk_done(struct walk *walk)
{
	while (walk->depth)
		close(walk->stack[--walk->depth]);
}

static int walk_push(struct walk *walk, int fd)
{
	if (walk->depth == DEPTH_MAX) {
		close(fd);
		return -ENAMETOOLONG;
	}
	walk->stack[walk->depth++] = fd;
	return 0;
}

static int walk_pop(struct walk *walk, enum path_rule rule)
{
	if (walk->depth > 1)
		close(walk->stack[--walk->depth]);
	else if (rule != PATH_IN_ROOT)
		return -EXDEV;
	return 0;
}

/* Puts the target of the link `name` in front of the rest. */
static int walk_link(struct walk *walk, const char *name, const char *rest, enum path_rule rule)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	if (rule == PATH_NO_LINKS || ++walk->links > LINKS_MAX)
		return -ELOOP;
	ssize_t length = readlinkat(walk->stack[walk->depth - 1], name, target, sizeof target - 1);
	if (length < 0)
		return -errno;
	target[length] = 0;
	if (target[0] == '/') {
		if (rule != PATH_IN_ROOT)
			return -EXDEV;
		while (walk->depth > 1)
			close(walk->stack[--walk->depth]);
	}
	if (snprintf(joined, sizeof joined, "%s/%s", target, rest) >= (int)sizeof joined)
		return -ENAMETOOLONG;
	memcpy(walk->rest, joined, sizeof joined);
	return 0;
}

/* Resolves one component; *out_fd is set at the last. */
static int walk_step(struct walk *walk, enum path_rule rule, int flags, mode_t mode, int *out_fd)
{
	char name[NAME_MAX + 1];
	char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");
	char *rest = start + length;
	bool slash = *rest == '/';
	rest += strspn(rest, "/");
	bool last = !*rest;
	int parent = walk->stack[walk->depth - 1];

	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, start, length);
	name[length] = 0;
	if (!length || text_equal(name, ".") || text_equal(name, "..")) {
		int result = text_equal(name, "..") ? walk_pop(walk, rule) : 0;
		if (result < 0)
			return result;
		if (last) {
			*out_fd = openat(walk->stack[walk->depth - 1], ".", (flags & ~O_CREAT) | O_CLOEXEC, mode);
			return *out_fd < 0 ? -errno : 0;
		}
		memmove(walk->rest, rest, strlen(rest) + 1);
		return 0;
	}

	struct stat info;
	if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode) &&
	    !(last && !slash && (flags & O_NOFOLLOW))) {
		if (last && (flags & O_CREAT) && (flags & O_EXCL))
			return -EEXIST;
		return walk_link(walk, name, rest, rule);
	}
	if (last) {
		*out_fd = openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC | (slash ? O_DIRECTORY : 0), mode);
		if (*out_fd < 0)
			return errno == ELOOP && !(flags & O_NOFOLLOW) ? -EAGAIN : -errno;
		return 0;
	}
	int next = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | O_DIRECTORY);
	if (next < 0)
		return errno == ELOOP ? -EAGAIN : -errno;
	int result = walk_push(walk, next);
	if (result < 0)
		return result;
	memmove(walk->rest, rest, strlen(rest) + 1);
	return 0;
}

static int walk_open(int dir, const char *name, enum path_rule rule, int flags, mode_t mode)
{
	struct walk walk = {0};
	if (name[0] == '/' && rule != PATH_IN_ROOT)
		return -EXDEV;
	if (!*name)
		return -ENOENT;
	strcpy(walk.rest, name); /* bounded by path_open */
	int root = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	int fd = -1, result = walk_push(&walk, root);
	while (result == 0 && fd < 0)
		result = walk_step(&walk, rule, flags, mode, &fd);
	walk_done(&walk);
	return result < 0 ? result : fd;
}

static int resolve(int dir, const char *name, enum path_rule rule, int flags, mode_t mode)
{
	struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = resolve_flags(rule)};
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		how.mode = mode;
	for (int tries = 0;; tries++) {
		int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
		if (fd >= 0)
			return fd;
		if (errno == EAGAIN && tries < RACE_TRIES)
			continue; /* a rename or mount elsewhere raced with ".." */
		if (errno == ENOSYS || (errno == EPERM && tries == 0))
			return walk_open(dir, name, rule, flags, mode);
		return -errno;
	}
}

int path_open(int dir, const char *name, enum path_rule rule, int flags, mode_t mode, int *out_fd, struct err *err)
{
	if (strnlen(name, PATH_MAX) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "open %.64s...: the name is too long", name);
	int fd = resolve(dir, name, rule, flags, mode);
	if (fd < 0) {
		errno = -fd;
		return err_sys(err, "open %s", name);
	}
	*out_fd = fd;
	return 0;
}

static int make_dirs(int dir, const char *name, enum path_rule rule, mode_t mode, int links, int *out_fd,
		     struct err *err);

/* The link `leaf` in at leads to what is not there yet: that is made, and what was to come below it. before and rest
 * are the parts of the name around it. */
static int make_behind_link(int dir, int at, const char *leaf, const char *before, size_t before_size, const char *rest,
			    enum path_rule rule, mode_t mode, int links, int *out_fd, struct err *err)
{
	char target[PATH_MAX], name[2 * PATH_MAX];
	ssize_t size = readlinkat(at, leaf, target, sizeof target - 1);
	if (size < 0 || links == LINKS_MAX)
		return err_set(err, size < 0 ? ENOENT : ELOOP, "make directory %.*s%s: %s", (int)before_size, before,
			       leaf, strerror(size < 0 ? ENOENT : ELOOP));
	target[size] = 0;
	bool absolute = target[0] == '/';
	int length = snprintf(name, sizeof name, "%.*s%s/%s", absolute ? 0 : (int)before_size, before, target, rest);
	if (length < 0 || length >= (int)sizeof name)
		return err_set(err, ENAMETOOLONG, "make %s: the name is too long", leaf);
	return make_dirs(dir, name, rule, mode, links + 1, out_fd, err);
}

int path_make_dirs(int dir, const char *name, enum path_rule rule, mode_t mode, int *out_fd, struct err *err)
{
	return make_dirs(dir, name, rule, mode, LINKS_REFUSED, out_fd, err);
}

int path_make_place(int dir, const char *name, mode_t mode, int *out_fd, struct err *err)
{
	return make_dirs(dir, name, PATH_IN_ROOT, mode, 0, out_fd, err);
}

static int make_dirs(int dir, const char *name, enum path_rule rule, mode_t mode, int links, int *out_fd,
		     struct err *err)
{
	char prefix[PATH_MAX];
	size_t length = strnlen(name, PATH_MAX);
	if (length >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "make %.64s...: the name is too long", name);
	auto_fd int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return err_sys(err, "make %s", name);
	for (size_t end = 0; end < length;) {
		end += strspn(name + end, "/");
		size_t start = end;
		end += strcspn(name + end, "/");
		if (end == start)
			break;
		/* Each prefix is resolved from the root again, so that links and ".." keep their meaning. */
		memcpy(prefix, name, end);
		prefix[end] = 0;
		int next = resolve(dir, prefix, rule, O_PATH | O_DIRECTORY, 0);
		if (next == -ENOENT) {
			char leaf[NAME_MAX + 1];
			if (end - start > NAME_MAX)
				return err_set(err, ENAMETOOLONG, "make %s: a component is too long", name);
			memcpy(leaf, name + start, end - start);
			leaf[end - start] = 0;
			if (mkdirat(at, leaf, mode) < 0 && errno != EEXIST)
				return err_sys(err, "make directory %s", prefix);
			next = resolve(dir, prefix, rule, O_PATH | O_DIRECTORY, 0);
			if (next == -ENOENT && links != LINKS_REFUSED)
				return make_behind_link(dir, at, leaf, name, start, name + end, rule, mode, links,
							out_fd, err);
		}
		if (next < 0) {
			errno = -next;
			return err_sys(err, "make directory %s", prefix);
		}
		close(at);
		at = next;
	}
	*out_fd = take_fd(&at);
	return 0;
}

int path_open_parent(int dir, const char *name, enum path_rule rule, int *out_parent, char out_leaf[256],
		     struct err *err)
{
	char parent[PATH_MAX];
	size_t length = strnlen(name, PATH_MAX);
	if (length >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "open %.64s...: the name is too long", name);
	const char *leaf = path_last(name);
	if (!*leaf || text_equal(leaf, ".") || text_equal(leaf, ".."))
		return err_set(err, EINVAL, "%s: not the name of an entry in a directory", name);
	if (strlen(leaf) > NAME_MAX)
		return err_set(err, ENAMETOOLONG, "%s: a component is too long", name);
	size_t head = (size_t)(leaf - name);
	memcpy(parent, name, head);
	parent[head] = 0;
	int result = path_open(dir, head ? parent : ".", rule, O_PATH | O_DIRECTORY, 0, out_parent, err);
	if (result == 0)
		strcpy(out_leaf, leaf);
	return result;
}

/* Removes what is in the directory behind fd; takes fd over. */
static int remove_entries(int fd, dev_t device, int depth, struct err *err)
{
	auto_dir DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_sys(err, "read a directory");
	}
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return err_sys(err, "remove %s", entry->d_name);
		if (depth == 0)
			return err_set(err, ELOOP, "remove %s: more directories deep than can be held open",
				       entry->d_name);
		int child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct stat info;
		if (child < 0)
			return err_sys(err, "remove %s", entry->d_name);
		if (fstat(child, &info) == 0 && info.st_dev != device) {
			close(child);
			return err_set(err, EXDEV, "remove %s: a file system is mounted there", entry->d_name);
		}
		int result = remove_entries(child, device, depth - 1, err);
		if (result < 0)
			return result;
		if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return err_sys(err, "remove directory %s", entry->d_name);
	}
	return 0;
}

int path_remove_tree(int dir, const char *name, struct err *err)
{
	enum { OPEN_MAX_DEPTH = 900 };
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, "remove %s", name);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	if (fd < 0)
		return err_sys(err, "remove %s", name);
	if (fstat(fd, &info) < 0) {
		close(fd);
		return err_sys(err, "remove %s", name);
	}
	int result = remove_entries(fd, info.st_dev, OPEN_MAX_DEPTH, err);
	if (result < 0)
		return result;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, "remove directory %s", name);
	return 0;
}

struct path_proc path_proc_fd(int fd)
{
	struct path_proc path;
	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

int path_name(int fd, char *out_name, struct err *err)
{
	struct path_proc link = path_proc_fd(fd);
	ssize_t size = readlink(link.text, out_name, PATH_MAX - 1);
	if (size < 0)
		return err_sys(err, "readlink");
	out_name[size] = 0;
	return 0;
}

int path_reopen(int fd, struct err *err)
{
	char name[PATH_MAX];
	int rc = path_name(fd, name, err);
	if (rc < 0)
		return rc;
	auto_fd int again = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return again < 0 || dup3(again, fd, O_CLOEXEC) < 0 ? err_sys(err, "open %s", name) : 0;
}

const char *path_last(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
