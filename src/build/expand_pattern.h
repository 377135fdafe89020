/*
 * The patterns of ${v#p} and ${v/p/r}: `*`, `?` and escapes; both match any character. Used by expand.c alone.
 */
#pragma once

#include "base/buffer.h"

/* The end of the shortest or longest match of the pattern at the start of text; -1: none. work counts down. */
ssize_t pattern_prefix(const char *pattern, char escape, const char *text, size_t size, bool longest, int64_t *work);

/* Where the shortest or longest match at the end of text begins; -1: none. */
ssize_t pattern_suffix(const char *pattern, char escape, const char *text, size_t size, bool longest, int64_t *work);

void pattern_replace(const char *pattern, char escape, const char *text, const char *with, bool all, struct buf *out,
		     int64_t *work);
