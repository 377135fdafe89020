/*
 * The members of an archive of `docker save` or an OCI layout, kept as files of a staging directory until the archive
 * has ended: which of them matter is only known from its last ones. Names are looked up in a list, never in the file
 * system, so that none of them can lead anywhere. Runs in a job.
 */
#pragma once

#include "base/buffer.h"
#include "base/arena.h"
#include "image/stream.h"

enum { ARCHIVE_MEMBERS_MAX = 65536 };

struct archive_member {
	char *name;	 /* clean: "blobs/sha256/HEX" */
	char *link;	 /* of a link: the name it stands for, else NULL */
	unsigned number; /* the file "mNUMBER" */
	uint64_t size;
};

struct archive {
	struct arena arena;
	int dir; /* the staging directory */
	struct archive_member *members;
	size_t count, room;
	uint64_t bytes;
};

/* source: the uncompressed tar. -EBADMSG, -E2BIG. */
int archive_read(struct archive *archive, int dir, struct stream *source, struct err *err) must_check;
void archive_done(struct archive *archive);

const struct archive_member *archive_find(const struct archive *archive, const char *name); /* through links; NULL */
int archive_open(const struct archive *archive, const char *name, int *out_fd, struct err *err) must_check;
int archive_text(const struct archive *archive, const char *name, struct buf *out, struct err *err) must_check;
