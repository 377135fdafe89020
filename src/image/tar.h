/*
 * A strict streaming tar reader: v7, ustar, GNU (long names, old sparse files, base-256 numbers), POSIX pax (times,
 * sizes, names, SCHILY.xattr, GNU sparse 0.0, 0.1, 1.0). tar(5), POSIX pax, the GNU tar manual.
 *
 * What two readers could understand differently is an error: a wrong checksum, a number with anything but digits, a
 * negative or overlong size, a record that comes twice, NUL in a name, an unknown type. Memory is bounded: a header
 * block of extensions is at most 1 MiB, a name PATH_MAX, a sparse map 64 Ki parts. A name is only text here; unpack.h
 * decides where it may lead.
 */
#pragma once

#include "image/stream.h"

#include "base/arena.h"

#include <limits.h>
#include <sys/types.h>
#include <time.h>

enum { TAR_BLOCK = 512, TAR_RECORD_MAX = 1 << 20, TAR_SPARSE_MAX = 65536 };

enum tar_type {
	TAR_FILE,
	TAR_HARD_LINK,
	TAR_SYMLINK,
	TAR_CHAR,
	TAR_BLOCK_DEVICE,
	TAR_DIRECTORY,
	TAR_FIFO,
};

struct tar_xattr {
	const char *name; /* "security.capability" */
	const void *value;
	size_t size;
};

struct tar_part { /* of a sparse file: data at offset; holes between */
	uint64_t offset, size;
};

struct tar_entry {
	enum tar_type type;
	char *name;  /* as written, not empty, at most PATH_MAX - 1 bytes */
	char *link;  /* of links: the target; otherwise "" */
	mode_t mode; /* permission bits, 07777 */
	uid_t uid;
	gid_t gid;
	uint64_t size; /* of the file, holes included; 0 for other types */
	struct timespec mtime;
	unsigned major, minor; /* of devices */
	struct tar_xattr *xattrs;
	size_t xattr_count;
	struct tar_part *parts; /* of a sparse file, ascending; NULL otherwise */
	size_t part_count;
};

/* What extension headers said about the entry that follows them. */
struct tar_extension {
	char *path, *link; /* pax records or GNU long names; NULL: not said */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct tar_xattr *xattrs;
	size_t xattr_count;
	bool pax_seen;
	/* GNU.sparse: */
	int64_t sparse_major, sparse_minor; /* -1: not said */
	bool has_real_size, has_map;
	uint64_t real_size;
	char *sparse_name;
	struct tar_part *parts;
	size_t part_count;
	bool part_open; /* an offset came whose numbytes is still to come (0.0) */
};

struct tar {
	struct stream *source;
	void (*tap)(struct tar *tar, const uint8_t *data, size_t size); /* is shown all but what tar_data lends; NULL */
	const uint8_t *piece;						/* lent by the source */
	size_t left;
	uint64_t offset;    /* in the stream, for messages */
	uint64_t data_left; /* of the entry: bytes of the archive not yet handed out */
	uint64_t padding;
	uint64_t file_offset; /* where the next data belongs */
	size_t part;
	uint64_t part_left;
	struct tar_entry entry;
	struct tar_extension extension;
	struct arena arena; /* of the entry */
	uint8_t block[TAR_BLOCK];
	char name[PATH_MAX], link[PATH_MAX];
	bool ended;
};

void tar_init(struct tar *tar, struct stream *source); /* source stays the caller's */
void tar_done(struct tar *tar);

/* 1: an entry, valid until the next call; 0: the end; what was not read of the entry before is skipped. -EBADMSG. */
int tar_next(struct tar *tar, const struct tar_entry **out_entry, struct err *err) must_check;

/* Lends a piece of the entry's data and where it belongs in the file. Size 0: no more. */
int tar_data(struct tar *tar, const uint8_t **out_data, size_t *out_size, uint64_t *out_offset,
	     struct err *err) must_check;

/* Behind the end: reads the stream to its end, which may hold zeros only. A hash over the source is complete then. */
int tar_drain(struct tar *tar, struct err *err) must_check;
