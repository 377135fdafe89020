/*
 * Sizes as people write and read them.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

enum { SIZE_TEXT = 24 };

/*
 * "64m", "1.5GiB", "100 kb", "512": a number, perhaps a fraction, and a unit of 1024 (b k m g t p, with "b" or "ib"
 * behind, in any case), as Docker's flags take it. "invalid size: 'TEXT'" -EINVAL; above 2^63-1 -ERANGE.
 */
int size_parse(const char *text, int64_t *out_bytes, struct err *err) must_check;

/* "0B", "1.84kB", "120MB": units of 1000. digits: 3 in tables of images and containers, 4 elsewhere. */
void size_decimal(int64_t bytes, int digits, char out_text[SIZE_TEXT]);

/* "64MiB", "1.944GiB": units of 1024, as memory is shown. */
void size_binary(int64_t bytes, char out_text[SIZE_TEXT]);
