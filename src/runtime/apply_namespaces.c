#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_child.h"
#include "runtime/apply_mounts.h"
#include "runtime/apply_process.h"
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* What a process cannot make or join for itself, or has to do before its child is in it. */
#define STAGE_NEW (CLONE_NEWUSER | CLONE_NEWTIME)
#define STAGE_JOIN (CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWPID)

/* Their user namespaces are made through /proc, which knows our processes only outside of a new PID namespace. */
static bool has_idmaps(const struct plan *plan)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		if (plan->mounts[i].flags & PLAN_IDMAP)
			return true;
	}
	return false;
}

bool apply_needs_stage(const struct plan *plan)
{
	return plan->namespaces & STAGE_NEW || plan_joins(plan, STAGE_JOIN) || has_idmaps(plan);
}

/* After the groups are entered: the cgroup namespace. */
static uint64_t clone_flags(const struct plan *plan)
{
	return plan->namespaces & ~(uint64_t)(STAGE_NEW | CLONE_NEWCGROUP);
}

uint64_t apply_clone_flags(const struct plan *plan)
{
	return apply_needs_stage(plan) ? 0 : clone_flags(plan);
}

static const char *flag_name(uint64_t flag)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} rows[] = {{CLONE_NEWNS, "mount"},  {CLONE_NEWPID, "pid"},  {CLONE_NEWNET, "network"},
		    {CLONE_NEWUTS, "uts"},   {CLONE_NEWIPC, "ipc"},  {CLONE_NEWCGROUP, "cgroup"},
		    {CLONE_NEWUSER, "user"}, {CLONE_NEWTIME, "time"}};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].flag == flag)
			return rows[i].name;
	}
	return "unknown";
}

static int join(const struct apply_child *child, const struct plan_join *join, struct err *err)
{
	if (join->slot < 0 || (size_t)join->slot >= child->slot_count)
		return err_set(err, EPROTO, "the plan names a slot that is not there");
	if (setns(child->slots[join->slot], (int)join->flag) < 0)
		return err_sys(err, "enter the %s namespace", flag_name(join->flag));
	return 0;
}

/* Those that we may join as we are; the others belong to the user namespace that is joined after them. */
static int join_all(const struct apply_child *child, struct err *err)
{
	const struct plan *plan = child->plan;
	bool later[64] = {false}, user = plan_joins(plan, CLONE_NEWUSER);
	if (plan->join_count > array_size(later))
		return err_set(err, EPROTO, "too many namespaces");
	for (size_t i = 0; i < plan->join_count; i++) {
		if (plan->joins[i].flag == CLONE_NEWUSER)
			continue;
		int rc = join(child, &plan->joins[i], err);
		if (rc == -EPERM && user)
			later[i] = true;
		else if (rc < 0)
			return rc;
	}
	for (size_t i = 0; user && i < plan->join_count; i++) {
		int rc = plan->joins[i].flag == CLONE_NEWUSER ? join(child, &plan->joins[i], err) : 0;
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < plan->join_count; i++) {
		int rc = later[i] ? join(child, &plan->joins[i], err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int user_new(const struct apply_child *child, struct err *err)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return err_sys(err, "new user namespace");
	/* Our maker may be no more than we are, and writes to our files in /proc. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	int rc = apply_tell(child->socket, APPLY_MAP, NULL, 0, err);
	return rc < 0 ? rc : apply_answer(child->socket, NULL, NULL, err);
}

/* Root of the user namespace that we are in. */
static int root_become(struct err *err)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM) /* EPERM: a single mapping made without root */
		return err_sys(err, "setgroups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, "become root of the user namespace");
	return 0;
}

static int time_new(const struct plan *plan, int offsets, struct err *err)
{
	char text[128];
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(err, "new time namespace");
	if (!plan->has_time_offsets)
		return 0;
	int size = snprintf(text, sizeof text, "boottime %lld %u\nmonotonic %lld %u\n", (long long)plan->boottime_s,
			    plan->boottime_ns, (long long)plan->monotonic_s, plan->monotonic_ns);
	int rc = fd_write_full(offsets, text, (size_t)size);
	return rc < 0 ? err_set(err, -rc, "set the offsets of the time namespace: %s", strerror(-rc)) : 0;
}

/* The container's process is made our maker's child; we have done our part. */
static int child_leave(const struct apply_child *child, struct err *err)
{
	pid_t pid = (pid_t)syscall(SYS_clone, clone_flags(child->plan) | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return err_sys(err, "clone");
	if (pid > 0)
		_exit(0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return 0;
}

int namespaces_enter(struct apply_child *child, struct err *err)
{
	const struct plan *plan = child->plan;
	bool user = plan_has_own(plan, CLONE_NEWUSER);
	auto_fd int offsets = -1;
	int rc = oom_score_write(&plan->process, err);
	if (rc == 0 && plan->cgroup && !child->in_cgroup)
		rc = cgroup_enter(plan->cgroup, 0, err);
	if (rc < 0)
		return rc;
	if (!apply_needs_stage(plan))
		return join_all(child, err);
	/* Opened as who we are now; written as who we will be. */
	if (plan->has_time_offsets && (offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC)) < 0)
		return err_sys(err, "open the offsets of the time namespace");
	if (user || has_idmaps(plan))
		rc = sources_open(plan, child->slots, child->slot_count, &child->arena, &child->sources, err);
	if (rc == 0)
		rc = opener_start(plan, child->slots, child->slot_count, &child->opener, err);
	if (rc == 0)
		rc = join_all(child, err);
	if (rc == 0 && plan->namespaces & CLONE_NEWUSER)
		rc = user_new(child, err);
	if (rc == 0 && user)
		rc = root_become(err);
	if (rc == 0 && plan->namespaces & CLONE_NEWTIME)
		rc = time_new(plan, offsets, err);
	return rc < 0 ? rc : child_leave(child, err);
}
