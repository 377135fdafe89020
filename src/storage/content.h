/*
 * Content by digest: blobs/sha256/HEX holds bytes whose SHA-256 is HEX, and nothing else is ever visible there.
 *
 * A writer puts bytes into a staging directory, checks their number against what was announced before they are written
 * and hashes exactly the bytes it writes. Publishing (the engine alone) verifies again, makes durable and renames.
 * Blobs here are small documents (image configurations and manifests); layers are kept unpacked (layers.h).
 */
#pragma once

#include "base/buffer.h"
#include "base/hash.h"

#include <stdint.h>

enum { CONTENT_DOCUMENT_MAX = 4 << 20 };
#define CONTENT_SIZE_ANY UINT64_MAX

struct content_writer {
	int fd;
	struct hash *hash;
	uint64_t written, size; /* size: what was announced, or CONTENT_SIZE_ANY */
};

/* Creates `name` in dir (it must not be there). */
int content_begin(int dir, const char *name, uint64_t size, struct content_writer *out_writer,
		  struct err *err) must_check;
/* -EFBIG before anything is written past the announced size. */
int content_write(struct content_writer *writer, const void *data, size_t size, struct err *err) must_check;
/* Checks size and, unless NULL, the expected digest; closes. The file stays in its directory. -EBADMSG. */
int content_finish(struct content_writer *writer, const struct digest *expected, struct digest *out_digest,
		   struct err *err) must_check;
void content_abort(struct content_writer *writer); /* also after content_finish */

/* All of it in one: a document made here. */
int content_stage(int dir, const char *name, const void *data, size_t size, struct digest *out_digest,
		  struct err *err) must_check;

/*
 * Moves `name` of the staging directory dir to its place below data; what is there already with that digest stays.
 * The file must be a regular one of at most CONTENT_DOCUMENT_MAX bytes with exactly this digest. -EBADMSG.
 */
int content_publish(int data, int dir, const char *name, const struct digest *digest, struct err *err) must_check;

/*
 * The same for a file of any size that a job has verified on its way (a layer as a registry has it): it is not read
 * again, the engine does not wait for that long. -EBADMSG when it has not this size.
 */
int content_adopt(int data, int dir, const char *name, const struct digest *digest, uint64_t size,
		  struct err *err) must_check;

/* Appends the bytes and verifies them: -ENOENT, or -EBADMSG when the file was damaged. */
int content_read(int data, const struct digest *digest, struct buf *buf, struct err *err) must_check;

/* A missing one is fine. */
int content_remove(int data, const struct digest *digest, struct err *err) must_check;
