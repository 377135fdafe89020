/*
 * Plans come in sealed files: nobody changes them under the reader.
 */
#pragma once

#include "base/error.h"

/* The file's content, at most a plan's; the caller unmaps it. */
int sealed_map(int fd, const void **out_data, size_t *out_size, struct err *err) must_check;
