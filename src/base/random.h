/*
 * Random bytes from the kernel, and the identifiers made of them.
 */
#pragma once

#include <stddef.h>

void random_bytes(void *out_data, size_t size); /* at most 256 bytes */

/* 64 hex digits; never 12 digits in front that could be read as a number (Docker's rule). */
void random_id(char out_id[65]);
