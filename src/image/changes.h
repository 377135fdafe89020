/*
 * What a container has changed: its overlay's upper directory, compared with what the layers below show. Runs in a job.
 *
 * Docker's rules: a path is added, modified or deleted; a directory that is only there because something in it changed
 * counts as modified; the order is that of a walk, names sorted.
 */
#pragma once

#include "base/buffer.h"

/* Appends a JSON array of struct filesystem_change (docker/archive.h). lower: what the layers show, or -1: nothing. */
int changes_list(int upper, int lower, struct buf *out, struct err *err) must_check;
