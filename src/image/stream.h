/*
 * A stream of bytes, pulled piece by piece without copying: the source lends a piece until it is asked for the next.
 *
 * Sources stack: descriptor, decompression (compress.h), hash. They are embedded in their owners; memory is fixed.
 */
#pragma once

#include "base/hash.h"

#include <stdint.h>

enum { STREAM_PIECE = 256 << 10 };

struct stream {
	/* Lends 1 byte or more; *out_size 0 is the end, and stays the end. */
	int (*next)(struct stream *stream, const uint8_t **out_data, size_t *out_size, struct err *err);
	void (*done)(struct stream *stream); /* NULL: nothing to release */
};

int stream_next(struct stream *stream, const uint8_t **out_data, size_t *out_size, struct err *err) must_check;
void stream_done(struct stream *stream);

/* Reads a descriptor, which stays the caller's, from where it stands. */
struct stream_fd {
	struct stream base;
	int fd;
	uint8_t *piece;
	uint64_t total; /* bytes read so far */
};
void stream_fd_init(struct stream_fd *stream, int fd);

/* Lends bytes in memory, which stay the caller's: for tests and fuzzing. */
struct stream_memory {
	struct stream base;
	const uint8_t *data;
	size_t size, piece; /* piece: at most so many bytes at a time; 0: all */
};
void stream_memory_init(struct stream_memory *stream, const void *data, size_t size, size_t piece);

/* Passes a stream through, counting and hashing it. The source stays the caller's. */
struct stream_hash {
	struct stream base;
	struct stream *source;
	struct hash *hash;
	uint64_t total;
};
void stream_hash_init(struct stream_hash *stream, struct stream *source);

/* Passes a stream through and writes it to a descriptor, which stays the caller's as the source does. */
struct stream_tee {
	struct stream base;
	struct stream *source;
	int fd;
};
void stream_tee_init(struct stream_tee *stream, struct stream *source, int fd);
