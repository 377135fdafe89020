/*
 * A group below a container's own for some of its processes, which end together whatever they have forked: those of a
 * health check. It limits nothing: on v1 it is in the freezer's hierarchy alone, so that every limit stays the
 * container's. base only.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Makes "CGROUP/NAME" and moves a process of the container's group into it. */
int cgroup_child_make(const char *cgroup, const char *name, pid_t pid, struct err *err) must_check;

/* Ends what is in it and removes it; takes one that is not there. What cannot end stays, with the group. */
void cgroup_child_end(const char *cgroup, const char *name);
