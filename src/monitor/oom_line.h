/*
 * The kernel's word on whom it ended for want of memory, from its log (mm/oom_kill.c: dump_oom_summary):
 *
 *     oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=C,mems_allowed=0,oom_memcg=/C,task_memcg=/C,task=NAME,pid=N,uid=0
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* False when it is another line, or about another group than the one whose path ends in `cgroup`. */
bool oom_line_read(const char *line, const char *cgroup, pid_t *out_pid, char *out_name, size_t name_room);

/* The last one in the kernel's log. False when there is none, or the log is not ours to read. */
bool oom_victim_find(const char *cgroup, pid_t *out_pid, char *out_name, size_t name_room);
