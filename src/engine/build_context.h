/*
 * A build's context inside its jobs. Of the files build_job_*.c, and in their processes.
 *
 * What the client sent is kept as it came, in one file ("the spool"). A job that looks at it unpacks it into a tmpfs of
 * its own mount namespace, which is gone with the job: fifty thousand small files are neither made on the disk nor
 * removed from it, and where every step is cached nobody makes them again. A context that is too large for that is
 * unpacked on the disk once, and there is no spool.
 */
#pragma once

#include "image/unpack.h"

#include <limits.h>

enum { CONTEXT_TREE_MIB = 256, CONTEXT_TREE_INODES = 256 << 10 };

/*
 * Before the confinement: a mount namespace of the job's own. Descriptors of directories are opened anew in it, others
 * stay. out_staging: the absolute name of staging.
 */
int job_namespace_enter(int staging, const int *fds, size_t count, char out_staging[PATH_MAX],
			struct err *err) must_check;

/* A tmpfs at NAME in the staging directory, which it makes. */
int context_tree_mount(int staging, const char *staging_path, const char *name, int *out_dir,
		       struct err *err) must_check;

/* Digests of files in a tree, whose bytes are only in the spool. */
struct context_files {
	struct unpack_contents base;
	const char *keep; /* the name of a file whose bytes are wanted: the Dockerfile's */
	struct context_file *items;
	size_t count, room;
};
void context_files_done(struct context_files *files);
/* Its digest as hex, or NULL: the file has its bytes. */
const char *context_file_known(const struct context_files *files, const struct stat *file);

/*
 * Standard input, a tar in whatever compression, becomes tree and spool; -ENOSPC: the tree is too small, and the spool
 * has what was read. Files but those of the Dockerfile and .dockerignore are empty in the tree.
 */
int context_receive(int tree, int spool, struct context_files *files, struct err *err) must_check;

/* The spool, from its beginning, and what is still to come on standard input, into a directory. */
int context_unpack_rest(int dir, int spool, struct err *err) must_check;

/* The spool into the tree, without the files that are hidden: names in it. */
int context_unpack(int tree, int spool, char *const *hidden, struct err *err) must_check;

void context_hide(int tree, const char *name);
