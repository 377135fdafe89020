/*
 * Where the directories of a control group are. For the other cgroup files of this folder.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/cgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* v1's hierarchies by the names of their mount points; on v2 the one hierarchy is called "". NULL-terminated. */
const char *const *cgroup_hierarchies(enum cgroup_mode mode);

/*
 * The group's directory in one hierarchy, opened for reading (bpf and clone do not take O_PATH), with its parents when
 * it is to be made. -ENOENT: the hierarchy, or the group, is not there.
 */
int cgroup_open(const char *hierarchy, const char *cgroup, bool make, int *out_fd, struct err *err) must_check;

/* The hierarchy that says which processes are in the group: freezer on v1 (or the first there is), "" on v2. */
int cgroup_open_main(const char *cgroup, int *out_fd, struct err *err) must_check;

/* One control file as text without the newline at its end; at most 1 MiB. */
int cgroup_read(int dir, const char *file, struct buf *out, struct err *err) must_check;
/* As a number; "max" is UINT64_MAX. A missing or odd file leaves *out_value and returns false. */
bool cgroup_read_number(int dir, const char *file, uint64_t *out_value);
/* The number behind `key ` at the start of a line. */
bool cgroup_find_number(const char *text, const char *key, uint64_t *out_value);
