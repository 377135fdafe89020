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
	PLAN_MOUNT_SECRET, /* a file in memory; source: its content as hex, data: "mode=0400,uid=0,gid=0" */
};

enum plan_mount_flag {
	PLAN_RECURSIVE = 1,	   /* bind with what is mounted below */
	PLAN_COPY_UP = 2,	   /* a tmpfs starts with what the root has there */
	PLAN_MAKE_SOURCE = 4,	   /* a bind's source is made as a directory when it is missing */
	PLAN_IDMAP = 8,		   /* with the ranges, or without any those of the container's user namespace */
	PLAN_IDMAP_RECURSIVE = 16, /* ... and all that is mounted below */
	PLAN_SOURCE_LINK = 32,	   /* a bind's source is the link itself */
	PLAN_TARGET_LINK = 64,	   /* a link at the target is mounted over, not followed */
	PLAN_USER_PLACE = 128,	   /* the target is the user's: it may lie behind links of the image's, which stay
				    * inside the root, and is checked where it really is */
};

/* As in /proc/PID/uid_map. */
struct plan_id_range {
	uint32_t inside, outside, size;
};

struct plan_mount {
	uint32_t kind, flags;
	char *target; /* inside the root */
	char *source, *type, *data;
	char *subpath;	      /* of the source: what is really mounted, never outside; NULL: the source itself */
	uint64_t mount_flags; /* MS_RDONLY, MS_NOSUID, ... */
	uint64_t mount_clear; /* what was taken back in words ("rw", "suid"): a bind does not keep it */
	uint64_t propagation; /* MS_PRIVATE | MS_REC, ...; 0: MS_PRIVATE | MS_REC */
	uint64_t attr_set, attr_clear; /* MOUNT_ATTR_*, of the mount and all below */
	struct plan_id_range *uids, *gids;
	size_t uid_count, gid_count;
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

/* A namespace to join. */
struct plan_join {
	uint64_t flag; /* CLONE_NEW* */
	int32_t slot;
};

/* In the container's namespaces, with its own environment and nothing else, the state on standard input. */
struct plan_hook {
	char *path;
	char **argv, **env;
	int64_t timeout_s; /* 0: none */
};

/* sched_setattr(2) */
struct plan_scheduler {
	bool set;
	uint32_t policy;
	int32_t nice;
	uint32_t priority;
	uint64_t flags, runtime, deadline, period;
};

enum { PLAN_NODES = 16 }; /* words of a mask of memory nodes: 1024 */

struct plan_memory_policy { /* set_mempolicy(2) */
	bool set;
	int32_t mode; /* with its flags */
	uint64_t nodes[PLAN_NODES];
};

struct plan_process {
	char **argv, **env;
	char *cwd;
	char *user;    /* "user:group" as the user wrote it, resolved in the root; NULL: the numbers below */
	char **groups; /* additional ones, names or numbers */
	uint32_t uid, gid;
	uint32_t *gids; /* additional ones, with `uid` */
	size_t gid_count;
	uint64_t bounding, permitted, effective, inheritable, ambient; /* sets of capabilities */
	bool no_new_privileges, terminal;
	uint16_t height, width; /* of the terminal, 0: not known */
	bool has_oom_score;
	int32_t oom_score;
	uint32_t umask;
	struct plan_rlimit *rlimits;
	size_t rlimit_count;
	struct sock_filter *filter; /* NULL: none */
	uint32_t filter_count, filter_flags;
	bool filter_notify;	  /* the filter's listener goes to whoever lets the process go */
	char *apparmor, *selinux; /* labels for the program; NULL: as we are */
	char *keyring;		  /* the name of a new session keyring; NULL: none */
	uint64_t personality;	  /* with has_personality */
	bool has_personality;
	struct plan_scheduler scheduler;
	bool has_io_priority;
	int32_t io_priority; /* class and number as ioprio_set(2) takes them */
	struct plan_memory_policy memory_policy;
	char *cpus_initial, *cpus_final; /* exec: lists of processors while it joins, and of the program; NULL: as is */
};

enum { PLAN_SLOT_NONE = -1, PLAN_SLOT_FIRST = 1 }; /* slot 0 carries the plan itself */

struct plan {
	uint64_t namespaces; /* CLONE_NEW* that are made new */
	struct plan_join *joins;
	size_t join_count;
	struct plan_id_range *uids, *gids; /* of a new user namespace */
	size_t uid_count, gid_count;
	bool has_time_offsets;
	int64_t boottime_s, monotonic_s;
	uint32_t boottime_ns, monotonic_ns;
	char *hostname, *domainname; /* NULL: as they are */

	char *rootfs; /* a directory that is the root; NULL: the overlay below */
	char **lower; /* of the overlay, top first, absolute; with upper and work */
	char *upper, *work;
	bool overlay_volatile; /* no fsync: the container is removed at its end */
	bool root_readonly, no_pivot;
	uint64_t root_propagation; /* 0: MS_SLAVE | MS_REC while mounting, and nothing else */
	char *mount_label;	   /* SELinux context of new file systems; NULL: none */

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
	struct plan_hook *create_hooks, *start_hooks; /* createContainer, startContainer */
	size_t create_hook_count, start_hook_count;
	bool host_steps; /* whoever applies has something to do between the mounts and the hooks: hooks, devices */

	char *cgroup;	      /* "/tug/ID"; NULL: none */
	bool cgroup_optional; /* without privilege: goes without one where none can be made and no limit asks for it */
	struct plan_scope *scope; /* NULL: the directory is made by ourselves */
	struct plan_setting *limits;
	size_t limit_count;
	struct plan_setting *device_rules; /* in v1's words, in order */
	size_t device_rule_count;

	struct plan_process process;
};

/* Whether one of these namespaces (CLONE_NEW*) is joined; whether the container has one that is not its maker's. */
static inline bool plan_joins(const struct plan *plan, uint64_t flags)
{
	for (size_t i = 0; i < plan->join_count; i++) {
		if (plan->joins[i].flag & flags)
			return true;
	}
	return false;
}
static inline bool plan_has_own(const struct plan *plan, uint64_t flags)
{
	return plan->namespaces & flags || plan_joins(plan, flags);
}
