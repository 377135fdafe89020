/*
 * What a directory of the root holds, copied into the tmpfs that is mounted over it (tmpcopyup). base only.
 */
#pragma once

#include "base/error.h"

/* Directories, files, links and special files with owner, mode and times of change left to the copy. O_PATH is enough
 * for both. */
int copy_up(int from, int to, struct err *err) must_check;
