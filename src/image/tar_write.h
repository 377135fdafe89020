/*
 * Writes tar: POSIX ustar headers, with a pax header in front where ustar cannot say it (long names, large sizes and
 * numbers, times before 1970, attributes). The same entry gives the same bytes, always: no names of users, no time of
 * its own, records sorted. What it writes, tar.h reads back as it was; POSIX pax, "ustar Interchange Format".
 */
#pragma once

#include "image/tar.h"

#include "base/buffer.h"

/*
 * Appends the header of an entry; `size` bytes of data and tar_write_padding follow when it is a file. Sparse maps are
 * not written: holes are zeros. Times are whole seconds. -ENAMETOOLONG, -E2BIG: attributes larger than TAR_RECORD_MAX.
 */
int tar_write_header(struct buf *out, const struct tar_entry *entry, struct err *err) must_check;

/* Zeros behind data of this size, up to a whole block. */
size_t tar_write_padding(uint64_t size);

/* The end of an archive: two blocks of zeros. */
void tar_write_end(struct buf *out);
