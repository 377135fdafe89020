/*
 * The processes of a container that has no control group: those of its PID namespace, where that is its own, and those
 * that its first process has brought forth otherwise.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* In ascending order; the caller frees *out_pids. What is gone meanwhile, or not ours to look at, is not among them. */
int members_find(pid_t first, pid_t **out_pids, size_t *out_count, struct err *err) must_check;
