/*
 * The root file system of a container, inside its new mount namespace. For apply_child.c and those beside it; base
 * only.
 *
 * Every name inside the root is resolved by openat2 from the root's descriptor; mounts go onto descriptors.
 */
#pragma once

#include "runtime/plan.h"

/* --- apply_sources.c --- */

/* Where in the root a bind's source lies, as the host names it; NULL: elsewhere. Other mounts may bring it. */
const char *source_inside(const struct plan *plan, const struct plan_mount *mount);
/* Detached, with its ranges. root: what lies inside is looked for there; -1: by its name on the host. -ENOSYS where the
 * kernel has no open_tree. */
int source_open(const struct plan *plan, const struct plan_mount *mount, int joined, int root, int *out_tree,
		struct err *err) must_check;
/* Makes one that is missing, where the mount says so. */
int source_make(const struct plan_mount *mount, struct err *err) must_check;
/* A path inside what containers write: links in it lead nowhere else. */
int subpath_open(int dir, const struct plan_mount *mount, int *out_fd, struct err *err) must_check;
/* Before a user namespace is entered: the binds' sources (and the root's, last) as detached trees, -1 for the others.
 */
int sources_open(const struct plan *plan, const int *slots, size_t slot_count, struct arena *arena, int **out_sources,
		 struct err *err) must_check;
/* Someone who opens, with our privilege of now, what is id-mapped inside the root; -1 stays where nothing is. */
bool source_wants_opener(const struct plan *plan, const struct plan_mount *mount);
int opener_start(const struct plan *plan, const int *slots, size_t slot_count, int *out_socket,
		 struct err *err) must_check;
int opener_ask(int opener, const struct plan *plan, const struct plan_mount *mount, int root, int *out_tree,
	       struct err *err) must_check;

/* --- apply_mounts.c --- */

/* Mounts the root and everything in it; the root's descriptor is the caller's. sources: NULL or as above. */
int mounts_make(const struct plan *plan, int *sources, int opener, int *out_root, struct err *err) must_check;

/* --- apply_root.c --- */

int root_make(const struct plan *plan, int source, int *out_root, struct err *err) must_check;
/* Makes root the root and leaves nothing of the old one. */
int root_pivot(const struct plan *plan, int root, struct err *err) must_check;

/* --- apply_cgroup_mount.c --- */

int cgroup_mount(const struct plan *plan, const struct plan_mount *mount, int root, struct err *err) must_check;

/* --- apply_secret.c --- */

int secret_make(const struct plan *plan, const struct plan_mount *secret, int root, struct err *err) must_check;

/* --- apply_paths.c --- */

int devices_make(const struct plan *plan, int root, struct err *err) must_check;
/* The slave of the container's terminal onto /dev/console. */
int console_bind(int root, int slave, struct err *err) must_check;
int paths_hide(const struct plan *plan, int root, struct err *err) must_check;

/* --- apply_proc.c --- */

/* A procfs that nobody else sees, when the plan has sysctls; -1 otherwise. */
int proc_private(const struct plan *plan, int *out_proc, struct err *err) must_check;
int proc_private_open(int *out_proc, struct err *err) must_check;
/* A file below it, which is really procfs's. */
int proc_open(int proc, const char *name, int flags, int *out_fd, struct err *err) must_check;
int sysctls_write(const struct plan *plan, int proc, struct err *err) must_check;

/* --- mount_call.c: the mount API --- */

enum { MOUNT_DETACH = 2 };
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

/* On what a descriptor stands for; 0 or -errno. */
int mount_on(int fd, const char *source, const char *type, unsigned long flags, const char *data);
/* A detached copy of what is mounted at name. kernel 5.2: -ENOSYS before. */
int tree_open(int dir, const char *name, bool recursive, bool follow) must_check;
int tree_attach(int tree, int target) must_check;
/* kernel 5.12: -ENOSYS before. */
int tree_attributes(int tree, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation,
		    int userns) must_check;
/* MS_* to MOUNT_ATTR_*. */
uint64_t mount_attributes(uint64_t mount_flags);

/* For names below a descriptor: PATH_NO_LINKS takes them without a slash in front. */
const char *path_below(const char *name);
/* The place of a mount, made when it is missing: a directory, or a file. links: those of the root are followed. */
int target_open(int root, const char *target, bool directory, bool links, int *out_fd, struct err *err) must_check;
