/*
 * What propagation the place of a bind's source allows. Reads /proc/self/mountinfo. Inside the engine only.
 */
#pragma once

#include "base/error.h"

/* shared asks for a shared mount below source, slave for one that is shared or a slave; Docker's words. */
int mount_source_check(const char *source, const char *propagation, struct err *err) must_check;
