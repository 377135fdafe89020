/*
 * Decompression of tar streams, in this process: no program is started for it (C-03), and nothing is trusted.
 *
 * plain and gzip (ISA-L's igzip) and zstd are read. gzip may have several members and zeros behind the last one; zstd
 * may have several frames, skippable ones too, with windows up to 128 MiB. Anything else behind the end is an error,
 * and so is a stream that stops short. xz, bzip2, lzip, lz4 and compress are recognised and refused by name. Memory is
 * fixed.
 */
#pragma once

#include "image/stream.h"

enum compress_kind { COMPRESS_PLAIN, COMPRESS_GZIP, COMPRESS_ZSTD, COMPRESS_REFUSED };

enum { COMPRESS_MAGIC = 6 }; /* bytes that decide */

/* Judges the first bytes of a stream. out_name gets "gzip", "xz", ... */
enum compress_kind compress_detect(const void *start, size_t size, const char **out_name);

/*
 * A stream of the uncompressed bytes of source, which stays the caller's and must outlive it. Reads the first piece.
 * The caller frees it with stream_done(*out) and nothing else. -EINVAL: a kind that is refused.
 */
int compress_open(struct stream *source, struct stream **out_stream, enum compress_kind *out_kind,
		  struct err *err) must_check;
