/*
 * The embedded image "hello": one static program that prints a greeting. It needs no network and no archive.
 */
#pragma once

#include "base/error.h"

#define HELLO_NAME "docker.io/library/hello:latest"

/*
 * Makes the image in a staging directory as a job would, with the same result (image/job.h) in *out_result, whose
 * memory is in the arena. Trusted bytes of our own: the engine calls it in its own process; a few small files.
 */
struct arena;
struct image_job_result;
int hello_make(int staging, struct arena *arena, struct image_job_result *out_result, struct err *err) must_check;
