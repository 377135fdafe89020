/*
 * Compression of what is made here, into a file of a staging directory: gzip (ISA-L, as fast as the disk) and zstd, or
 * plain. The same bytes give the same blob with the same library.
 */
#pragma once

#include "image/compress.h"
#include "storage/content.h"

struct pack;

/* Makes `name` in dir. -EINVAL: a kind that is not written. */
int pack_open(int dir, const char *name, enum compress_kind kind, struct pack **out_pack, struct err *err) must_check;
int pack_write(struct pack *pack, const void *data, size_t size, struct err *err) must_check;
int pack_finish(struct pack *pack, struct digest *out_digest, uint64_t *out_size, struct err *err) must_check;
void pack_free(struct pack *pack); /* takes NULL; also after pack_finish */
