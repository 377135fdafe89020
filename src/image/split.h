/*
 * What a layer's tar had beside the contents of its files: layers/HEX/split, next to layers/HEX/diff. Together they
 * give the tar again, byte by byte, so that a layer can be saved, pushed and checked against its digest without being
 * kept twice ("tar-split").
 *
 * Records (a letter, the length of what follows as 32 bits, little endian), compressed with zstd:
 *     L bytes               of the archive, as they were
 *     F offset size name    size bytes of the file diff/NAME from offset on (64 bits each)
 *     M number name         what was at NAME so far was replaced by the archive itself, and kept as lost/NUMBER
 *     E total               the length of the tar; the last record
 *
 * A reader trusts none of it: names are resolved below diff or lost without following links, lengths are checked.
 * Whether the bytes are right is for the digest to say, which the caller compares.
 */
#pragma once

#include "image/stream.h"

#include "base/buffer.h"

enum { SPLIT_RECORD_MAX = 1 << 20 };

struct split_writer;

/* Makes `split` in the layer's directory (O_RDONLY), which stays the caller's. */
int split_writer_open(int layer, struct split_writer **out_writer, struct err *err) must_check;
void split_literal(struct split_writer *writer, const void *data, size_t size);
/* Data that belong to the file `name` below diff; pieces that continue each other become one record. */
void split_file(struct split_writer *writer, const char *name, uint64_t offset, uint64_t size);
/* `name` of parent (its path below diff is path) is about to be replaced: moves it to lost/. */
int split_move(struct split_writer *writer, int parent, const char *name, const char *path, struct err *err) must_check;
/* Writes the end; the writer is to be freed afterwards all the same. The first failure of all calls is told here. */
int split_writer_finish(struct split_writer *writer, struct err *err) must_check;
void split_writer_free(struct split_writer *writer); /* takes NULL */

/*
 * The tar of the layer in this directory (O_RDONLY), which stays the caller's. The caller frees the stream with
 * stream_done(*out). -ENOENT: the layer has no split; -EBADMSG, here or from the stream: damaged.
 */
int split_open(int layer, struct stream **out_stream, struct err *err) must_check;

/* The length of that tar, without reading the files. */
int split_total(int layer, uint64_t *out_total, struct err *err) must_check;
