/*
 * Files that keep compiled seccomp filters: one per key, named by a hash of it, holding the whole key, the program and
 * a sum over it. The hash only finds the file; what counts is that the key in it is the same, byte for byte.
 *
 * The directory belongs to us and to nobody else (0700). A file of another owner, or one that others may write, that is
 * no regular file, is cut or does not add up, is as good as missing.
 */
#pragma once

#include "security/seccomp.h"

/*
 * As seccomp_compile by way of the cache in the directory cache_dir (0700, ours), or without one when it is -1. A file
 * that is damaged, foreign or does not hold exactly this key is not used but replaced; a cache that cannot be written
 * is no error. Two writers do not disturb each other.
 */
int seccomp_compile_cached(struct arena *arena, int cache_dir, const struct oci_seccomp *spec,
			   struct seccomp_filter *out_filter, struct err *err) must_check;
