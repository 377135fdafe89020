/*
 * Health checks: the processes of one are in a control group of their own below the container's, so that all of them
 * end with it.
 */
#pragma once

#include "monitor/session.h"

/* The process stands before its program: all that it makes will be in the group. It is ended after limit_ns. */
void probe_begin(struct session *session, int pid, int64_t limit_ns);
void probe_end(const struct session *session);
void probes_end(void); /* those that run, as if they were late: one at a time, whoever started it */
