/*
 * The entries of a directory, without "." and "..". Needs nothing but base.
 */
#pragma once

#include "base/error.h"

/* Sorted, NULL-terminated, the caller's (strv_free). The descriptor's position does not matter and stays. */
int dir_names(int fd, char ***out_names, struct err *err) must_check;
