/*
 * Layers made here: what a container, or a step of a build, has left in an overlay's upper directory becomes a layer as
 * registries know it. Used by commit and by builds (through src/engine/commit.h), and by whoever needs a layer's tar
 * again (save, push, fsck). Runs in a job.
 *
 *     upper directory            tar of the layer
 *     a device 0:0 NAME          an empty file `.wh.NAME`
 *     trusted.overlay.opaque=y   an empty file `.wh..wh..opq` in the directory, its first entry
 *     all else                   as it is (tar_tree.h says what is kept)
 *
 * The same directory gives the same bytes and so the same digests, whenever and wherever it is made.
 */
#pragma once

#include "image/compress.h"
#include "image/unpack.h"
#include "storage/content.h"

struct layer_request {
	int upper;		     /* O_RDONLY; nothing may write to it meanwhile */
	int staging;		     /* the job's own directory */
	const char *name;	     /* NAME/split is made in staging, and NAME/diff */
	bool in_place;		     /* no NAME/diff: the caller moves upper there itself */
	const char *blob;	     /* the tar is kept in staging under this name, compressed; NULL: it is not */
	enum compress_kind compress; /* of the blob */
};

struct layer_result {
	struct unpack_result layer; /* diff_id: the digest of the tar; size and entries */
	struct digest blob;	    /* when one was asked for: the digest of its bytes */
	uint64_t blob_size;
};

int layer_make(const struct layer_request *request, struct layer_result *out_result, struct err *err) must_check;

/*
 * The tar of a layer of the store: name is its directory below `layers` ("HEX"). The caller compares the digest of what
 * comes with the layer's diff id (layer_copy does). -ENOENT, -EBADMSG.
 */
int layer_tar_open(int layers, const char *name, int *out_dir, struct stream **out_stream, struct err *err) must_check;

/*
 * Writes the tar of a layer of the store to `write` and checks its digest at the end: -EBADMSG "layer ...: damaged".
 */
int layer_copy(int layers, const struct digest *diff_id,
	       int (*write)(void *cookie, const void *data, size_t size, struct err *err), void *cookie,
	       struct err *err) must_check;

/* The length of its tar, without reading the files. */
int layer_tar_size(int layers, const struct digest *diff_id, uint64_t *out_size, struct err *err) must_check;
