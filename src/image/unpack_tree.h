/*
 * The directory that an unpacking archive is in: a stack of descriptors from the layer's root down to it. Names are
 * walked component by component with O_NOFOLLOW; "..", a symbolic link or a file in the way is an error. Used by
 * unpack.c alone.
 *
 * A directory gets its modification time when it is left, so that each is right at the end without a list of them.
 */
#pragma once

#include "base/error.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>

enum { TREE_DEPTH_MAX = 512 }; /* descriptors held at once */

struct tree_level {
	int fd;		  /* O_RDONLY | O_DIRECTORY */
	bool restore;	  /* time is to be set when it is left */
	bool gives_group; /* set-gid: what is made in it does not get our group */
	struct timespec time;
	char name[NAME_MAX + 1]; /* in the level above */
};

struct tree {
	struct tree_level *levels; /* 0: the root */
	size_t depth;		   /* of the current directory; the root has 0 */
};

/* root stays the caller's. */
int tree_init(struct tree *tree, int root, struct err *err) must_check;
void tree_done(struct tree *tree);

/*
 * Splits a name from an archive: "./a//b/" is "a" and "b", "/" and "." are "" and "". Leading slashes are dropped, as
 * tar does. ".." is -EBADMSG.
 */
int tree_split(const char *name, char out_parent[PATH_MAX], char out_leaf[NAME_MAX + 1], struct err *err) must_check;

/* Goes to the directory (a path from tree_split, "" is the root); missing ones are made, and opaque where a
 * whiteout was. -ELOOP, -ENOTDIR. */
int tree_go(struct tree *tree, const char *path, struct err *err) must_check;

/* One level down, into an existing directory. */
int tree_enter(struct tree *tree, const char *name, struct err *err) must_check;

/* The parent of an existing name, and its last component; nothing is made, the stack stays. The caller owns the parent.
 */
int tree_find(const struct tree *tree, const char *name, int *out_parent, char out_leaf[NAME_MAX + 1],
	      struct err *err) must_check;

/* Marks the current directory: overlay shows nothing of the layers below it. 0 or -1 with errno. */
int tree_set_opaque(struct tree *tree);

/* The time that the current directory is to have in the end, and what its mode means for new entries. */
void tree_set_time(struct tree *tree, struct timespec time, mode_t mode);

/* Leaves all directories. */
int tree_finish(struct tree *tree, struct err *err) must_check;

/* A character device 0:0, overlay's "nothing here". */
bool tree_is_whiteout(const struct stat *info);

int tree_root(const struct tree *tree);
int tree_top(const struct tree *tree);
size_t tree_depth(const struct tree *tree);
bool tree_parent_gives_group(const struct tree *tree);
