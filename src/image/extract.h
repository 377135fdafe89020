/*
 * Unpacks an archive into a directory of a container's root file system: the upload side of cp. Runs in a job, whose
 * root directory is empty; root is a descriptor of the container's.
 *
 * The container may run and change whatever it can reach meanwhile. Each name is resolved anew, by openat2 in the
 * container's root, so that its links mean what they mean in the container, and never more; the last component is never
 * followed, and owner and mode are set through the descriptor of what was made. A device 0:0 and overlay's attributes
 * may not come from an archive. ".." in a name is an error.
 */
#pragma once

#include "image/stream.h"

#include <sys/types.h>

struct extract_options {
	int root;	  /* of the container, O_RDONLY | O_DIRECTORY */
	const char *path; /* in it: the directory that the archive's names begin in */
	/* A directory is not replaced by something else, nor the other way round: an error. */
	bool keep_kind;
	bool has_owner; /* all entries get this owner; otherwise the archive's */
	uid_t uid;
	gid_t gid;
	/* The archive's names begin with `base` ("." or "/": with nothing), in whose place comes `name`. NULL: as they
	 * are. */
	const char *base, *name;
};

/*
 * source: the uncompressed tar. -ENOENT "Could not find the file PATH": no such directory; -ENOTDIR "extraction point
 * is not a directory". What was unpacked before an error stays.
 */
int extract(const struct extract_options *options, struct stream *source, struct err *err) must_check;
