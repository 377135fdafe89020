/*
 * Applies one layer's tar to an empty private directory, in overlay's form. Runs in a confined job, as root.
 *
 * Every name is walked component by component from the directory's descriptor, and no symbolic link is followed, nor
 * for the target of a hard link: a link in the way is an error (I-01). `.wh.NAME` becomes a character device 0:0 and
 * `.wh..wh..opq` the mark trusted.overlay.opaque; neither can come from the archive itself: devices 0:0 and attributes
 * trusted.* and user.overlay.* are refused (I-03). Kept are security.capability, user.* and POSIX ACLs; other
 * attributes are left out. Entries replace earlier ones of the same name. Modification times of directories are right
 * at the end. Parents that the archive does not name are made root's, 0755.
 */
#pragma once

#include "image/stream.h"

#include <sys/stat.h>

/* For who needs the tree and what its files are, not their bytes: those that are not kept stay empty. */
struct unpack_contents {
	bool (*keep)(const struct unpack_contents *contents, const char *name); /* as in the archive */
	void (*seen)(struct unpack_contents *contents, const struct stat *file, const struct digest *digest);
};

struct unpack_limits {			  /* 0: the default */
	uint64_t bytes;			  /* sum of the files' sizes, holes included: 4 TiB */
	uint64_t entries;		  /* 8 Mi */
	uint64_t free_bytes;		  /* what must stay free on the file system: 64 MiB */
	bool plain;			  /* no layer, an archive: `.wh.` is part of a name like any other */
	struct unpack_contents *contents; /* or NULL */
};

struct unpack_result {
	struct digest diff_id; /* of the whole tar stream */
	uint64_t size;	       /* sum of the files' sizes; a hard link counts once */
	uint64_t entries;
	bool opaque; /* `.wh..wh..opq` in the root: nothing below this layer shows */
};

/*
 * The same into NAME/diff below staging, both of which it makes, with NAME/split beside it (split.h): what jobs use for
 * layers that are to be published (storage/layers.h).
 */
int unpack_staged(int staging, const char *name, struct stream *source, const struct unpack_limits *limits,
		  struct unpack_result *out_result, struct err *err) must_check;

/* dir: an empty directory (not O_PATH). source: the uncompressed tar. On failure dir holds rubbish. */
int unpack_layer(int dir, struct stream *source, const struct unpack_limits *limits, struct unpack_result *out_result,
		 struct err *err) must_check;
