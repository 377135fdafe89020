/*
 * A path is a descriptor. Names that come from outside are resolved with openat2 from a pinned directory, once, and
 * everything after that works on the descriptor that came out.
 *
 * PATH_IN_ROOT     the pinned directory is the root: absolute names, absolute links and ".." stay inside (a container's
 *                  own view of its names)
 * PATH_BENEATH     a name that would leave the directory is an error (-EXDEV), also by a link
 * PATH_NO_LINKS    in addition, no link is followed at all (-ELOOP)
 * All refuse magic links. A name is at most PATH_MAX long and holds no NUL.
 *
 * kernel 5.6: openat2. Before, a walk component by component with O_NOFOLLOW | O_PATH that keeps the same promises
 * against a tree that nobody changes meanwhile, and fails with -EAGAIN on one that is being changed.
 */
#pragma once

#include "base/error.h"

#include <sys/stat.h>
#include <sys/types.h>

enum path_rule { PATH_IN_ROOT, PATH_BENEATH, PATH_NO_LINKS };

/* As openat with O_CLOEXEC added. mode counts with O_CREAT. */
int path_open(int dir, const char *name, enum path_rule rule, int flags, mode_t mode, int *out_fd,
	      struct err *err) must_check;

/*
 * Makes the directory `name` and its missing parents (mode, as the umask allows) and opens it O_PATH.
 * Existing links are followed under the rule; the last component must end as a directory.
 */
int path_make_dirs(int dir, const char *name, enum path_rule rule, mode_t mode, int *out_fd,
		   struct err *err) must_check;

/* As path_make_dirs with PATH_IN_ROOT, but where a link leads to what is not there, that is made too: a place for a
 * mount behind links of an image's. */
int path_make_place(int dir, const char *name, mode_t mode, int *out_fd, struct err *err) must_check;

/*
 * Opens the parent of `name` under the rule and copies the last component to out_leaf. A name that ends in "/", "." or
 * ".." or is empty is -EINVAL. out_parent is O_PATH.
 */
int path_open_parent(int dir, const char *name, enum path_rule rule, int *out_parent, char out_leaf[256],
		     struct err *err) must_check;

/* Removes name below dir with all that is in it, never following a link or crossing a mount. A missing name is fine. */
int path_remove_tree(int dir, const char *name, struct err *err) must_check;

/* "/proc/self/fd/N" in a buffer, for calls that only take a path. */
struct path_proc {
	char text[32];
};
struct path_proc path_proc_fd(int fd);

/* The name by which the kernel knows what is behind fd now; the room is PATH_MAX bytes. */
int path_name(int fd, char *out_name, struct err *err) must_check;
/* A directory from before a new mount namespace stands for a mount of the old one: it is opened again by its name, for
 * reading, in the place of fd. */
int path_reopen(int fd, struct err *err) must_check;

/* "c" of "a/b/c". */
const char *path_last(const char *path);
