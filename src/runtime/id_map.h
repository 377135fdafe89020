/*
 * The maps of a new user namespace, written from outside: directly by root, through newuidmap and newgidmap by others,
 * or, for one range that is ourselves, by anybody. user_namespaces(7). base only.
 */
#pragma once

#include "runtime/plan.h"

#include <sys/types.h>

/* Whether our user namespace is the host's own. */
bool id_map_is_first(void);

int id_map_write(const struct plan *plan, pid_t pid, struct err *err) must_check;

/* A user namespace that nothing but a descriptor holds, with these ranges: for id-mapped mounts. Needs root. */
int id_map_namespace(const struct plan_id_range *uids, size_t uid_count, const struct plan_id_range *gids,
		     size_t gid_count, int *out_fd, struct err *err) must_check;
