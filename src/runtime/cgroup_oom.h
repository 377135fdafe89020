/*
 * Being told when the kernel ends processes of a group for want of memory: v1 by an eventfd on memory.oom_control, v2
 * by watching memory.events. For an event loop: fd becomes readable, cgroup_oom_read says what has happened.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct cgroup_oom {
	int fd;		/* poll it for reading */
	int file;	/* of the counter */
	uint64_t kills; /* seen so far */
};

#define CGROUP_OOM_INIT              \
	{                            \
		.fd = -1, .file = -1 \
	}

int cgroup_oom_watch(const char *cgroup, struct cgroup_oom *out_watch, struct err *err) must_check;
/* Empties fd and returns how many were killed since the last call (0: woken for another reason, or the group is gone).
 */
uint64_t cgroup_oom_read(struct cgroup_oom *watch);
void cgroup_oom_done(struct cgroup_oom *watch);
