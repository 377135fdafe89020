/*
 * The plan of a container: flat data that says, step by step, what apply does. Made from a runtime-spec by plan_compile
 * (pure, in the engine or tug-runtime), carried as bytes by plan_wire.h, done by apply.h in a process that links no
 * library but libc. Nothing in it is interpreted twice: numbers are numbers, flags are the kernel's, the seccomp filter
 * is BPF.
 *
 * Descriptors that the plan needs are slots: it holds their numbers, whoever applies it has the descriptors.
 */
#pragma once

#include "base/arena.h"

#include <linux/filter.h>
#include <stdint.h>

enum plan_mount_kind {
	PLAN_MOUNT_FS,	   /* a new file system: type, data */
	PLAN_MOUNT_BIND,   /* source on the host */
	PLAN_MOUNT_CGROUP, /* the container's own control groups, as the host has them */
};

enum plan_mount_flag {
	PLAN_RECURSIVE = 1,	     /* bind with what is mounted below */
	PLAN_READONLY_RECURSIVE = 2, /* all of a recursive bind is read-only */
	PLAN_MAKE_SOURCE = 4,	     /* a bind's source is made as a directory when it is missing */
	PLAN_USER_PLACE = 128,	     /* the target is the user's: it may lie behind links of the image's, which stay
				      * inside the root, and is checked where it really is */
};

struct plan_mount {
	uint32_t kind, flags;
	char *target; /* inside the root */
	char *source, *type, *data;
	char *subpath;	      /* of the source: what is really mounted, never outside; NULL: the source itself */
	uint64_t mount_flags; /* MS_RDONLY, MS_NOSUID, ... */
	uint64_t propagation; /* MS_PRIVATE | MS_REC, ...; 0: MS_PRIVATE | MS_REC */
};

struct plan_device {
	char *path;
	uint32_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	uint32_t major, minor, mode, uid, gid;
};

struct plan_setting { /* a control file of a cgroup, or a sysctl */
	char *group;  /* "memory", "cpu", ... on v1; "" for sysctls and v2 */
	char *file, *value;
};

/* What a control group is set to: made by cgroup_compile.h, written by cgroup.h. */
struct cgroup_settings {
	struct plan_setting *limits; /* in the host's terms: v1's files by hierarchy, or v2's with the group "" */
	size_t limit_count;
	struct plan_setting *device_rules; /* in v1's words; a program is made of them on v2 */
	size_t device_rule_count;
	struct plan_setting *properties; /* of a systemd unit; group: the value's D-Bus type */
	size_t property_count;
	int64_t usage_max; /* > 0: refused when more memory is in use (checkBeforeUpdate) */
};

/* A transient unit of systemd's in which the control group lies. */
struct plan_scope {
	char *unit, *slice;
	bool user; /* of the user's manager */
	struct plan_setting *properties;
	size_t property_count;
};

struct plan_rlimit {
	uint32_t resource;
	uint64_t soft, hard;
};

struct plan_process {
	char **argv, **env;
	char *cwd;
	char *user;	       /* "user:group" as the user wrote it; resolved in the root */
	char **groups;	       /* additional ones, names or numbers */
	uint64_t capabilities; /* bounding = permitted = effective; inheritable and ambient are empty */
	bool no_new_privileges, terminal;
	uint16_t height, width; /* of the terminal, 0: not known */
	bool has_oom_score;
	int32_t oom_score;
	struct plan_rlimit *rlimits;
	size_t rlimit_count;
	struct sock_filter *filter; /* NULL: none */
	uint32_t filter_count, filter_flags;
};

enum { PLAN_SLOT_NONE = -1, PLAN_SLOT_FIRST = 1 }; /* slot 0 carries the plan itself */

struct plan {
	uint64_t namespaces;	     /* CLONE_NEW* that are made new */
	int32_t network_slot;	     /* a network namespace to join, or PLAN_SLOT_NONE */
	char *hostname, *domainname; /* NULL: as they are */

	char **lower; /* of the overlay, top first, absolute; with upper and work */
	char *upper, *work;
	bool overlay_volatile; /* no fsync: the container is removed at its end */
	bool root_readonly;

	struct plan_mount *mounts;
	size_t mount_count;
	struct plan_mount
	    *volumes; /* on the host, before everything, where nothing is mounted yet; target on the host */
	size_t volume_count;
	struct plan_device *devices;
	size_t device_count;
	char **masked, **readonly;
	struct plan_setting *sysctls;
	size_t sysctl_count;

	char *cgroup;	      /* "/tug/ID" */
	bool cgroup_optional; /* without privilege: goes without one where none can be made and no limit asks for it */
	struct plan_scope *scope; /* NULL: the directory is made by ourselves */
	struct plan_setting *limits;
	size_t limit_count;
	struct plan_setting *device_rules; /* in v1's words, in order */
	size_t device_rule_count;

	struct plan_process process;
};
