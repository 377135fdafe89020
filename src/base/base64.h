/*
 * base64, RFC 4648: the standard alphabet and the one for URLs.
 */
#pragma once

#include "base/buffer.h"

void base64_encode(struct buf *out, const void *data, size_t size, bool url); /* padded */
/* Either alphabet, padded or not. -EINVAL. */
int base64_decode(struct buf *out, const char *text, struct err *err) must_check;
