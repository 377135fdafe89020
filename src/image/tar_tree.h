/*
 * A directory tree as a stream of tar bytes, pulled piece by piece: layers (commit, build), export, cp.
 *
 * The same tree gives the same bytes: names are sorted, times are whole seconds, no user's name is written. Kept are
 * permissions, owners, links, devices, fifos, hard links within the tree, security.capability, user.* and POSIX ACLs;
 * sockets are left out. The walk goes by descriptors and follows no link, so that it never leaves the tree, whoever
 * changes it meanwhile; a file that shrinks while it is read is filled up with zeros. File systems of the kernel (proc,
 * sysfs, cgroups ...) that are mounted in the tree show as empty directories. Runs in a job; memory grows with the
 * longest directory and the number of hard-linked files.
 */
#pragma once

#include "image/stream.h"

struct tar_tree_options {
	/*
	 * The name of the first entry, in front of all others: "etc" gives "etc/", "etc/passwd". NULL: the root has no
	 * entry unless its owner or mode is not root's 0755 ("./"), and names begin below it.
	 */
	const char *name;
	/*
	 * The tree is an overlay's upper directory: a device 0:0 becomes `.wh.NAME`, the mark of an opaque directory
	 * `.wh..wh..opq`; empty places that were made for mounts are left out (stubs.h). Names that begin with ".wh."
	 * are an error then, and so are redirects and metadata-only copies.
	 */
	bool overlay;
};

/* leaf in the directory dir ("." for dir itself, whatever it is otherwise); dir stays the caller's and must outlive
 * the stream. The caller frees it with stream_done(*out) and nothing else. */
int tar_tree_open(int dir, const char *leaf, const struct tar_tree_options *options, struct stream **out_stream,
		  struct err *err) must_check;
