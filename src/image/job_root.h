/*
 * What the jobs on a container's root file system share: their specification, and the way in. Used by job_archive.c
 * and job_changes.c.
 */
#pragma once

#include "image/job.h"

struct stream;

enum { ROOT_FD = 4 };

int root_spec_read(struct arena *arena, struct archive_spec *out_spec, struct err *err) must_check;

/* Opens the container's root as ROOT_FD and confines the process. */
int root_enter(const struct archive_spec *spec, bool writable, struct err *err) must_check;

/* Writes a stream to standard output. */
int output_copy(struct stream *stream, struct err *err) must_check;
