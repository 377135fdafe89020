/*
 * pax extended headers: records "LENGTH KEY=VALUE\n" (POSIX pax, "pax Extended Header"), with GNU's sparse records and
 * SCHILY.xattr. Used by tar.c alone.
 */
#pragma once

#include "image/tar.h"

/* Reads the payload of an `x` header into what is known of the next entry; memory in the arena. -EBADMSG. */
int tar_pax_parse(struct arena *arena, const char *data, size_t size, struct tar_extension *extension,
		  struct err *err) must_check;

/* The payload of a `g` header: comments pass, what would change every entry is refused. */
int tar_pax_check_global(struct arena *arena, const char *data, size_t size, struct err *err) must_check;

/* Appends a part of a sparse file's map: ascending, not overlapping, within int64. */
int tar_sparse_add(struct arena *arena, struct tar_extension *extension, uint64_t offset, uint64_t size,
		   struct err *err) must_check;
