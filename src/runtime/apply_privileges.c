#include "base/fd.h"
#include "runtime/apply_child.h"
#include "runtime/apply_process.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITY_LAST = 63 };

static int bounding_drop(uint64_t keep, struct err *err)
{
	for (int number = 0; number <= CAPABILITY_LAST; number++) {
		if (keep & UINT64_C(1) << number)
			continue;
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				return 0; /* beyond the last that this kernel has */
			return err_sys(err, "drop capability %d", number);
		}
	}
	return 0;
}

static int capabilities_set(uint64_t permitted, uint64_t effective, uint64_t inheritable, struct err *err)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
	    {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
	    {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(err, "set capabilities");
	return 0;
}

static int ambient_raise(uint64_t set, struct err *err)
{
	for (int number = 0; set && number <= CAPABILITY_LAST; number++) {
		if (set & UINT64_C(1) << number && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
			return err_sys(err, "raise ambient capability %d", number);
	}
	return 0;
}

/* What this kernel and we ourselves have. A container gets no more than that, as with runc, which warns. */
static uint64_t capabilities_own(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
	if (syscall(SYS_capget, &head, data) < 0)
		return UINT64_MAX;
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static int filter_load(const struct plan_process *process, int socket, struct err *err)
{
	struct sock_fprog program = {(unsigned short)process->filter_count, process->filter};
	uint32_t flags = process->filter_flags | (process->filter_notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
	if (process->filter_count == 0)
		return 0;
	auto_fd int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (listener < 0)
		return err_sys(err, "load the seccomp filter");
	if (!process->filter_notify) {
		listener = -1;
		return 0;
	}
	int rc = apply_tell(socket, APPLY_LISTENER, &listener, 1, err);
	return rc < 0 ? rc : apply_answer(socket, NULL, NULL, err);
}

static int user_set(const struct process_ready *ready, struct err *err)
{
	const struct user_identity *user = &ready->user;
	if (setgroups(user->group_count, user->groups) < 0 && (errno != EPERM || user->group_count > 0))
		return err_sys(err, "setgroups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return err_sys(err, "setresgid %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return err_sys(err, "setresuid %u", user->uid);
	return 0;
}

int privileges_set(const struct plan_process *process, const struct process_ready *ready, struct err *err)
{
	uint64_t own = capabilities_own();
	uint64_t permitted = process->permitted & own, inheritable = process->inheritable & own;
	int rc = labels_set(process, err);
	/* Without no_new_privs loading a filter needs a privilege that goes below. */
	if (rc == 0 && !process->no_new_privileges)
		rc = filter_load(process, ready->socket, err);
	if (rc == 0)
		rc = bounding_drop(process->bounding, err);
	if (rc == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		rc = err_sys(err, "keep capabilities");
	if (rc == 0)
		rc = user_set(ready, err);
	/* The container ends with its monitor; a change of the user has taken that back. */
	if (!ready->survives)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (rc == 0)
		rc = capabilities_set(permitted, process->effective & own, inheritable, err);
	if (rc == 0)
		rc = ambient_raise(process->ambient & permitted & inheritable, err);
	if (rc == 0)
		(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (rc == 0 && process->no_new_privileges) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return err_sys(err, "no_new_privs");
		rc = filter_load(process, ready->socket, err);
	}
	return rc;
}
