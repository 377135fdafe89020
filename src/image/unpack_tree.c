#include "image/unpack_tree.h"

#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

int tree_init(struct tree *tree, int root, struct err *err)
{
	struct stat info;
	*tree = (struct tree){0};
	if (fstat(root, &info) < 0)
		return err_sys(err, "look at the layer's directory");
	tree->levels = x_alloc((TREE_DEPTH_MAX + 1) * sizeof *tree->levels);
	tree->levels[0].fd = root;
	tree->levels[0].gives_group = info.st_mode & S_ISGID;
	return 0;
}

void tree_done(struct tree *tree)
{
	for (; tree->levels && tree->depth; tree->depth--)
		close(tree->levels[tree->depth].fd);
	free(take(tree->levels));
}

/* Copies the next component of *at; false at the end. Empty ones and "." are passed over. */
static int next_component(const char **at, char out_name[NAME_MAX + 1], struct err *err)
{
	for (;;) {
		const char *start = *at + strspn(*at, "/");
		size_t length = strcspn(start, "/");
		*at = start + length;
		if (!length)
			return 0;
		if (length == 1 && *start == '.')
			continue;
		if (length == 2 && start[0] == '.' && start[1] == '.')
			return err_set(err, EBADMSG, "\"..\" in a name");
		if (length > NAME_MAX)
			return err_set(err, ENAMETOOLONG, "a component is longer than %d bytes", NAME_MAX);
		memcpy(out_name, start, length);
		out_name[length] = 0;
		return 1;
	}
}

int tree_split(const char *name, char out_parent[PATH_MAX], char out_leaf[NAME_MAX + 1], struct err *err)
{
	char component[NAME_MAX + 1], leaf[NAME_MAX + 1] = "", parent[PATH_MAX];
	size_t length = 0;
	int more;
	while ((more = next_component(&name, component, err)) > 0) {
		size_t size = strlen(leaf);
		if (length + size + 2 > sizeof parent)
			return err_set(err, ENAMETOOLONG, "the name is too long");
		if (size && length)
			parent[length++] = '/';
		memcpy(parent + length, leaf, size);
		length += size;
		memcpy(leaf, component, strlen(component) + 1);
	}
	if (more < 0)
		return more;
	parent[length] = 0;
	memcpy(out_parent, parent, length + 1);
	memcpy(out_leaf, leaf, strlen(leaf) + 1);
	return 0;
}

static int leave(struct tree *tree, struct err *err)
{
	struct tree_level *level = &tree->levels[tree->depth];
	struct timespec times[2] = {level->time, level->time};
	int result = 0;
	if (level->restore && futimens(level->fd, times) < 0)
		result = err_sys(err, "set the time of directory %s", level->name);
	level->restore = false;
	if (tree->depth) {
		close(level->fd);
		tree->depth--;
	}
	return result;
}

int tree_enter(struct tree *tree, const char *name, struct err *err)
{
	struct stat info;
	if (tree->depth == TREE_DEPTH_MAX)
		return err_set(err, ENAMETOOLONG, "more than %d directories deep", TREE_DEPTH_MAX);
	auto_fd int fd = openat(tree->levels[tree->depth].fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, "enter directory %s", name);
	struct tree_level *level = &tree->levels[++tree->depth];
	*level = (struct tree_level){.restore = true, .time = info.st_mtim, .gives_group = info.st_mode & S_ISGID};
	level->fd = take_fd(&fd);
	memcpy(level->name, name, strlen(name) + 1);
	return 0;
}

/* Down by one component, which is made when it is missing. */
static int descend(struct tree *tree, const char *name, struct err *err)
{
	int parent = tree->levels[tree->depth].fd;
	struct stat info = {0};
	bool there = fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return err_sys(err, "look at %s", name);
	bool opaque = there && tree_is_whiteout(&info);
	if (!there || opaque) {
		if ((opaque && unlinkat(parent, name, 0) < 0) || mkdirat(parent, name, 0755) < 0)
			return err_sys(err, "make directory %s", name);
	} else if (S_ISLNK(info.st_mode)) {
		return err_set(err, ELOOP, "the directory %s is a symbolic link, which is not followed", name);
	} else if (!S_ISDIR(info.st_mode)) {
		return err_set(err, ENOTDIR, "%s is not a directory", name);
	}
	int result = tree_enter(tree, name, err);
	if (result == 0 && opaque && tree_set_opaque(tree) < 0)
		return err_sys(err, "mark directory %s", name);
	return result;
}

int tree_go(struct tree *tree, const char *path, struct err *err)
{
	char component[NAME_MAX + 1];
	const char *rest = path;
	size_t same = 0;
	int more;
	/* Stay where the paths agree, leave the others, go down. */
	for (;;) {
		const char *before = rest;
		more = next_component(&rest, component, err);
		if (more < 0)
			return more;
		if (!more || same == tree->depth || !text_equal(tree->levels[same + 1].name, component)) {
			rest = before;
			break;
		}
		same++;
	}
	while (tree->depth > same) {
		int result = leave(tree, err);
		if (result < 0)
			return result;
	}
	while ((more = next_component(&rest, component, err)) > 0) {
		int result = descend(tree, component, err);
		if (result < 0)
			return result;
	}
	return more;
}

int tree_find(const struct tree *tree, const char *name, int *out_parent, char out_leaf[NAME_MAX + 1], struct err *err)
{
	char path[PATH_MAX], leaf[NAME_MAX + 1];
	int parent, result = tree_split(name, path, leaf, err);
	if (result < 0)
		return result;
	if (!*leaf)
		return err_set(err, EISDIR, "the root");
	result =
	    path_open(tree->levels[0].fd, *path ? path : ".", PATH_NO_LINKS, O_PATH | O_DIRECTORY, 0, &parent, err);
	if (result < 0)
		return result;
	memcpy(out_leaf, leaf, strlen(leaf) + 1);
	*out_parent = parent;
	return 0;
}

int tree_set_opaque(struct tree *tree)
{
	return fsetxattr(tree->levels[tree->depth].fd, "trusted.overlay.opaque", "y", 1, 0);
}

void tree_set_time(struct tree *tree, struct timespec time, mode_t mode)
{
	struct tree_level *level = &tree->levels[tree->depth];
	level->restore = true;
	level->time = time;
	level->gives_group = mode & S_ISGID;
}

int tree_finish(struct tree *tree, struct err *err)
{
	int result = tree_go(tree, "", err);
	return result < 0 ? result : leave(tree, err);
}

bool tree_is_whiteout(const struct stat *info)
{
	return S_ISCHR(info->st_mode) && info->st_rdev == makedev(0, 0);
}

int tree_root(const struct tree *tree)
{
	return tree->levels[0].fd;
}

int tree_top(const struct tree *tree)
{
	return tree->levels[tree->depth].fd;
}

size_t tree_depth(const struct tree *tree)
{
	return tree->depth;
}

bool tree_parent_gives_group(const struct tree *tree)
{
	return tree->levels[tree->depth].gives_group;
}
