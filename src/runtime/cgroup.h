/*
 * Control groups of a container on hosts with v1, with both (hybrid), and with v2 alone.
 *
 * A group is named by its path ("/tug/ID") and lies below every v1 hierarchy that is mounted where hosts have them
 * (/sys/fs/cgroup/NAME), or once below /sys/fs/cgroup on v2. A hybrid host counts as v1: its controllers are there.
 * Settings are compiled for the host's mode by cgroup_compile.h; here they are written. With a scope the directory is
 * made by systemd (cgroup_scope.h), and everything else is done the same way.
 *
 * More of it: cgroup_process.h (freeze, kill, list), cgroup_stats.h (what a group uses), cgroup_oom.h (told of kills),
 * cgroup_device.h (v2's device program). All of it runs in tug-monitor, tug-runtime and tugd, and links base only.
 */
#pragma once

#include "runtime/plan.h"

#include <sys/types.h>

enum cgroup_mode { CGROUP_V1, CGROUP_V2 };
enum cgroup_mode cgroup_mode(void);

/* What keeps a fresh scope of systemd's from ending before the container is in it; nothing otherwise. */
struct cgroup_hold {
	pid_t pid;
	bool absent; /* plan->cgroup_optional, and the group could not be made: nobody enters it */
};

/*
 * Makes the group and sets its limits. cgroup_settle is called once the container is in it, or has failed.
 * -ENOENT names the controller a limit asks for and the host does not have.
 */
int cgroup_create(const struct plan *plan, struct cgroup_hold *out_hold, struct err *err) must_check;
void cgroup_settle(struct cgroup_hold *hold);

/*
 * clone(2) with these CLONE_* flags and SIGCHLD. On v2 the child begins in the group (kernel 5.7: CLONE_INTO_CGROUP),
 * which spares everyone a global lock. The child calls cgroup_enter(cgroup, 0) unless *out_inside.
 */
pid_t cgroup_clone(const char *cgroup, uint64_t flags, bool *out_inside);

/*
 * pid 0: ourselves, before there is a second thread. A frozen v1 group is refused with -EBUSY: who joins it hangs.
 */
int cgroup_enter(const char *cgroup, pid_t pid, struct err *err) must_check;

/* Other settings for a group that is there. usage_max is checked first; some limits are tried again after others. */
int cgroup_update(const char *cgroup, const struct cgroup_settings *settings, struct err *err) must_check;

/* Ends what is left in it and in groups below it first. */
void cgroup_remove(const char *cgroup);

bool cgroup_exists(const char *cgroup);
bool cgroup_oom_killed(const char *cgroup);
