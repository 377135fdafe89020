/*
 * How much of the disk a directory tree takes: blocks, as du counts them, hard links once. What vanishes meanwhile does
 * not count; another file system mounted below is not entered.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* A missing one takes nothing. */
int usage_of(int dir, const char *name, int64_t *out_bytes, struct err *err) must_check;

/*
 * `tugd job usage`: descriptor 0 holds names below the directory 4, one a line; the result is
 * {"result":{"sizes":[BYTES,...]}}, in their order.
 */
int usage_job_main(int argc, char **argv);
