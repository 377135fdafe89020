#include "build/copy.h"

#include "base/fd.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

enum { PIECE = 256 << 10 };

struct directory_time {
	char *name;
	struct timespec times[2];
};

struct copying {
	struct copy *copy;
	bool into;	  /* the destination is a directory */
	struct map links; /* "dev:ino" of files with several names: where the first went */
	struct directory_time *times;
	size_t time_count, time_room;
	char *piece;
};

/* --- modes --- */

static mode_t who_mask(const char **at)
{
	mode_t mask = 0;
	for (;; ++*at) {
		if (**at == 'u')
			mask |= 04700;
		else if (**at == 'g')
			mask |= 02070;
		else if (**at == 'o')
			mask |= 01007;
		else if (**at == 'a')
			mask |= 07777;
		else
			return mask ? mask : 07777;
	}
}

mode_t copy_mode(const char *expression, mode_t now)
{
	mode_t mode = now & 07777;
	if (strspn(expression, "01234567") == strlen(expression)) {
		mode = 0;
		for (const char *c = expression; *c; c++)
			mode = mode * 8 + (mode_t)(*c - '0');
		return mode & 07777;
	}
	for (const char *at = expression; *at; at += *at == ',') {
		mode_t mask = who_mask(&at);
		while (*at && strchr("+-=", *at)) {
			char action = *at++;
			mode_t bits = 0;
			for (; *at && strchr("rwxXst", *at); at++) {
				bits |= *at == 'r' ? 0444 : *at == 'w' ? 0222 : *at == 'x' ? 0111 : 0;
				bits |= *at == 's' ? 06000 : *at == 't' ? 01000 : 0;
				if (*at == 'X' && (S_ISDIR(now) || (now & 0111)))
					bits |= 0111;
			}
			bits &= mask;
			mode = action == '+' ? mode | bits : action == '-' ? mode & ~bits : (mode & ~mask) | bits;
		}
		if (*at && *at != ',')
			at++;
	}
	return mode;
}

static mode_t mode_of(const struct copying *copying, mode_t now)
{
	return copying->copy->mode ? copy_mode(copying->copy->mode, now) : now & 07777;
}

/* --- directories of the destination --- */

int copy_make_dirs(struct copy *copy, const char *path, int *out_dir, struct err *err)
{
	struct err missing;
	auto_free char *part = x_strdup(path);
	int rc = path_open(copy->to, path, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, out_dir, &missing);
	if (rc == 0)
		return 0;
	if (rc != -ENOENT)
		return err_set(err, -rc, "%s: %s", path, strerror(-rc));
	/* From the top: each that is missing is made in the one before. */
	for (size_t at = 0, size = strlen(path); at <= size; at++) {
		auto_fd int made = -1, parent = -1;
		char leaf[256];
		if (at == 0 || (part[at] != '/' && part[at]) || part[at - 1] == '/')
			continue;
		part[at] = 0;
		rc = path_open(copy->to, part, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &made, &missing);
		if (rc == -ENOENT) {
			rc = path_open_parent(copy->to, part, PATH_IN_ROOT, &parent, leaf, err);
			if (rc < 0)
				return rc;
			if (mkdirat(parent, leaf, 0755) < 0)
				return err_sys(err, "make %s", part);
			made = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (made < 0 || fchown(made, copy->uid, copy->gid) < 0 || fchmod(made, 0755) < 0)
				return err_sys(err, "make %s", part);
		} else if (rc < 0) {
			return err_set(err, -rc, "%s: %s", part, strerror(-rc));
		}
		part[at] = path[at];
	}
	return path_open(copy->to, path, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, out_dir, err);
}

/* The name that an entry gets below the root of the destination. */
static int target_name(const struct copying *copying, const struct select_entry *entry, char out_name[PATH_MAX],
		       struct err *err)
{
	const char *destination = copying->copy->destination;
	size_t size = strlen(destination);
	while (size > 1 && destination[size - 1] == '/')
		size--;
	bool whole = (entry->single && !copying->into) || !*entry->target;
	int length = snprintf(out_name, PATH_MAX, "%.*s%s%s", (int)size, destination,
			      whole || (size == 1 && destination[0] == '/') ? "" : "/", whole ? "" : entry->target);
	return length >= PATH_MAX ? err_set(err, ENAMETOOLONG, "%.200s...: the path is too long", out_name) : 0;
}

/* The directory of the name, made when it is missing, and the last component. */
static int place_open(const struct copying *copying, const char *name, int *out_parent, char out_leaf[256],
		      struct err *err)
{
	auto_free char *copy = x_strdup(name);
	char *slash = strrchr(copy, '/');
	const char *leaf = slash + 1;
	if (!*leaf || strlen(leaf) > 255)
		return err_set(err, EISDIR, "%s: is a directory", name);
	snprintf(out_leaf, 256, "%s", leaf);
	*slash = 0;
	return copy_make_dirs(copying->copy, *copy ? copy : "/", out_parent, err);
}

/* --- attributes --- */

static void xattrs_copy(int from, int to)
{
	char names[4096], value[65536];
	ssize_t size = flistxattr(from, names, sizeof names);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		const char *name = names + at;
		if (!text_after(name, "user.") && !text_equal(name, "security.capability") &&
		    !text_after(name, "system.posix_acl_"))
			continue;
		if (text_after(name, "user.overlay."))
			continue;
		ssize_t length = fgetxattr(from, name, value, sizeof value);
		if (length >= 0)
			(void)!fsetxattr(to, name, value, (size_t)length, 0); /* where the file system has them */
	}
}

static uint32_t owner_of(const struct copying *copying, const struct stat *info)
{
	return copying->copy->keep_owner ? info->st_uid : copying->copy->uid;
}
static uint32_t group_of(const struct copying *copying, const struct stat *info)
{
	return copying->copy->keep_owner ? info->st_gid : copying->copy->gid;
}

static int attributes_set(const struct copying *copying, int from, int to, const struct select_entry *entry,
			  struct err *err)
{
	const struct stat *info = &entry->info;
	const struct timespec times[2] = {info->st_mtim, info->st_mtim};
	if (fchown(to, owner_of(copying, info), group_of(copying, info)) < 0 ||
	    fchmod(to, mode_of(copying, info->st_mode)) < 0)
		return err_sys(err, "%s: set owner and mode", entry->source);
	xattrs_copy(from, to);
	return futimens(to, times) < 0 ? err_sys(err, "%s: set the time", entry->source) : 0;
}

/* Times of directories change with every entry: they are set at the end. */
static void time_keep(struct copying *copying, const char *name, const struct stat *info)
{
	if (copying->time_count == copying->time_room) {
		copying->time_room = copying->time_room ? 2 * copying->time_room : 64;
		copying->times = x_realloc(copying->times, copying->time_room * sizeof *copying->times);
	}
	copying->times[copying->time_count++] = (struct directory_time){x_strdup(name), {info->st_mtim, info->st_mtim}};
}

static int times_set(struct copying *copying, struct err *err)
{
	int rc = 0;
	for (size_t i = copying->time_count; rc == 0 && i-- > 0;) {
		auto_fd int dir = -1;
		rc = path_open(copying->copy->to, copying->times[i].name, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &dir,
			       err);
		if (rc == 0 && futimens(dir, copying->times[i].times) < 0)
			rc = err_sys(err, "%s: set the time", copying->times[i].name);
	}
	return rc;
}

/* --- kinds --- */

static int file_data(struct copying *copying, int from, int to, const char *name, struct err *err)
{
	for (;;) {
		ssize_t size = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
		if (size > 0)
			continue;
		if (size == 0)
			break;
		if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
			return err_sys(err, "copy %s", name);
		break;
	}
	/* What the kernel does not copy itself; at the end of the file there is nothing left. */
	for (;;) {
		ssize_t size = read(from, copying->piece, PIECE);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_sys(err, "read %s", name);
		if (size == 0)
			return 0;
		int rc = fd_write_full(to, copying->piece, (size_t)size);
		if (rc < 0)
			return err_set(err, -rc, "write %s: %s", name, strerror(-rc));
	}
}

static int name_clear(int parent, const char *leaf, const char *name, struct err *err)
{
	struct stat info;
	if (fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s", name);
	if (S_ISDIR(info.st_mode))
		return err_set(err, EISDIR, "cannot copy to directory: %s", name);
	return unlinkat(parent, leaf, 0) < 0 ? err_sys(err, "replace %s", name) : 0;
}

/* A further name of a file that was copied before. 1: made. */
static int link_make(struct copying *copying, const struct select_entry *entry, int parent, const char *leaf,
		     const char *name, struct err *err)
{
	char key[64], first_leaf[256];
	auto_fd int first = -1;
	snprintf(key, sizeof key, "%llu:%llu", (unsigned long long)entry->info.st_dev,
		 (unsigned long long)entry->info.st_ino);
	const char *earlier = map_get(&copying->links, key);
	if (!earlier) {
		map_put(&copying->links, key, x_strdup(name));
		return 0;
	}
	struct err ignored;
	if (path_open_parent(copying->copy->to, earlier, PATH_IN_ROOT, &first, first_leaf, &ignored) < 0)
		return 0;
	if (linkat(first, first_leaf, parent, leaf, 0) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "link %s", name);
	return 1;
}

static int file_open(const struct copying *copying, const struct select_entry *entry, int *out_fd, struct err *err)
{
	if (*entry->name) {
		*out_fd = openat(entry->dir, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		return *out_fd < 0 ? err_sys(err, "%s", entry->source) : 0;
	}
	return path_open(copying->copy->from, entry->source, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK, 0, out_fd, err);
}

static int file_copy(struct copying *copying, const struct select_entry *entry, const char *name, struct err *err)
{
	auto_fd int from = -1, parent = -1, to = -1;
	char leaf[256];
	int rc = file_open(copying, entry, &from, err);
	if (rc == 0 && entry->single && copying->copy->consume) {
		rc = copying->copy->consume(copying->copy->cookie, from, entry, err);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (rc == 0)
		rc = place_open(copying, name, &parent, leaf, err);
	if (rc == 0)
		rc = name_clear(parent, leaf, name, err);
	if (rc == 0 && entry->info.st_nlink > 1)
		rc = link_make(copying, entry, parent, leaf, name, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	to = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(err, "create %s", name);
	if (entry->info.st_mtime > copying->copy->newest)
		copying->copy->newest = entry->info.st_mtime;
	rc = file_data(copying, from, to, name, err);
	return rc < 0 ? rc : attributes_set(copying, from, to, entry, err);
}

static int node_copy(struct copying *copying, const struct select_entry *entry, const char *name, struct err *err)
{
	auto_fd int parent = -1;
	char leaf[256], link[PATH_MAX];
	const struct stat *info = &entry->info;
	const struct timespec times[2] = {info->st_mtim, info->st_mtim};
	if (S_ISSOCK(info->st_mode))
		return 0;
	int rc = place_open(copying, name, &parent, leaf, err);
	if (rc == 0)
		rc = name_clear(parent, leaf, name, err);
	if (rc < 0)
		return rc;
	if (S_ISLNK(info->st_mode)) {
		ssize_t size = readlinkat(entry->dir, entry->name, link, sizeof link - 1);
		if (size < 0)
			return err_sys(err, "%s", entry->source);
		link[size] = 0;
		if (symlinkat(link, parent, leaf) < 0)
			return err_sys(err, "make the link %s", name);
	} else if (mknodat(parent, leaf, (info->st_mode & S_IFMT) | 0600, info->st_rdev) < 0) {
		return err_sys(err, "make %s", name);
	}
	if (fchownat(parent, leaf, owner_of(copying, info), group_of(copying, info), AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "%s: set the owner", name);
	/* What was just made is no link here. */
	if (!S_ISLNK(info->st_mode) && fchmodat(parent, leaf, mode_of(copying, info->st_mode), 0) < 0)
		return err_sys(err, "%s: set the mode", name);
	return utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(err, "%s: set the time", name) : 0;
}

static int directory_copy(struct copying *copying, const struct select_entry *entry, const char *name, struct err *err)
{
	auto_fd int parent = -1, from = -1, to = -1;
	char leaf[256];
	struct err missing;
	int rc = path_open(copying->copy->to, name, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &to, &missing);
	if (rc == 0 && (!*entry->target || entry->parent))
		return 0;		      /* the destination itself stays as it is */
	if (rc == -ENOENT && !*entry->target) /* Docker's: and a new one is a plain folder, whatever its source is */
		return copy_make_dirs(copying->copy, name, &to, err);
	if (rc == -ENOTDIR)
		return err_set(err, ENOTDIR, "cannot copy to non-directory: %s", name);
	if (rc < 0) {
		rc = place_open(copying, name, &parent, leaf, err);
		if (rc < 0)
			return rc;
		if (mkdirat(parent, leaf, 0755) < 0)
			return err_sys(err, "make %s", name);
		to = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (to < 0)
			return err_sys(err, "open %s", name);
	}
	from = openat(entry->dir, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return err_sys(err, "%s", entry->source);
	time_keep(copying, name, &entry->info);
	return attributes_set(copying, from, to, entry, err);
}

static int entry_copy(void *cookie, const struct select_entry *entry, struct err *err)
{
	struct copying *copying = cookie;
	char name[PATH_MAX];
	int rc = target_name(copying, entry, name, err);
	if (rc < 0)
		return rc;
	if (S_ISDIR(entry->info.st_mode))
		return directory_copy(copying, entry, name, err);
	return S_ISREG(entry->info.st_mode) ? file_copy(copying, entry, name, err)
					    : node_copy(copying, entry, name, err);
}

/* Whether files go into the destination rather than become it. */
static bool destination_is_dir(const struct copy *copy)
{
	struct err ignored;
	auto_fd int dir = -1;
	return copy->many || text_ends(copy->destination, "/") ||
	       path_open(copy->to, copy->destination, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, &dir, &ignored) == 0;
}

int copy_run(struct copy *copy, struct err *err)
{
	struct copying copying = {.copy = copy, .piece = x_alloc(PIECE)};
	const struct select select = {.root = copy->from,
				      .sources = copy->sources,
				      .excludes = copy->excludes,
				      .parents = copy->parents,
				      .visit = entry_copy,
				      .cookie = &copying};
	mode_t mask = umask(0);
	copying.into = destination_is_dir(copy);
	int rc = select_walk(&select, err);
	if (rc == 0)
		rc = times_set(&copying, err);
	umask(mask);
	const char *key;
	void *value;
	for (size_t at = 0; map_next(&copying.links, &at, &key, &value);)
		free(value);
	map_done(&copying.links);
	for (size_t i = 0; i < copying.time_count; i++)
		free(copying.times[i].name);
	free(copying.times);
	free(copying.piece);
	return rc;
}

int copy_text(struct copy *copy, const char *name, const char *text, size_t size, int64_t mtime, struct err *err)
{
	struct copying copying = {.copy = copy, .into = destination_is_dir(copy)};
	struct select_entry entry = {.target = name, .source = name, .single = true};
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	auto_fd int parent = -1, to = -1;
	char path[PATH_MAX], leaf[256];
	int rc = strchr(name, '/') ? err_set(err, EINVAL, "%s: not a file's name", name)
				   : target_name(&copying, &entry, path, err);
	if (rc == 0)
		rc = place_open(&copying, path, &parent, leaf, err);
	if (rc == 0)
		rc = name_clear(parent, leaf, path, err);
	if (rc < 0)
		return rc;
	to = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(err, "create %s", path);
	rc = fd_write_full(to, text, size);
	if (rc < 0)
		return err_set(err, -rc, "write %s: %s", path, strerror(-rc));
	if (fchown(to, copy->uid, copy->gid) < 0 || fchmod(to, mode_of(&copying, S_IFREG | 0644)) < 0 ||
	    futimens(to, times) < 0)
		return err_sys(err, "%s: set owner and mode", path);
	return 0;
}
