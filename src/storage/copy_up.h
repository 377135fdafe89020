/*
 * What an image has at a volume's place is put into the new volume: a copy of the directory with owners, modes, times,
 * extended attributes, links, holes left out where the file system can. For a job: it blocks.
 */
#pragma once

#include "base/error.h"

/*
 * Copies what is in the directory `from` to the empty directory `to`, which gets from's owner, mode and attributes.
 * Links are copied, never followed; no file system is entered. -ELOOP beyond 256 levels.
 */
int copy_tree(int from, int to, struct err *err) must_check;

/*
 * `tugd job copy-up PATH`: descriptor 4 is the job's directory below staging/, 5 the layers, top first, one absolute
 * path a line. What the union of the layers has at PATH (resolved with the union as its root) becomes "copy" in 4;
 * {"result":{"found":true}}. When there is no directory at PATH nothing is made and found is false.
 */
int copy_up_job_main(int argc, char **argv);
