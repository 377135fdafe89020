#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"
#include "runtime/apply_process.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

int oom_score_write(const struct plan_process *process, struct err *err)
{
	char text[24];
	if (!process->has_oom_score)
		return 0;
	auto_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int size = snprintf(text, sizeof text, "%d", process->oom_score);
	if (fd < 0)
		return err_sys(err, "set the OOM score");
	int rc = fd_write_full(fd, text, (size_t)size);
	return rc < 0 ? err_set(err, -rc, "set the OOM score: %s", strerror(-rc)) : 0;
}

static int scheduler_set(const struct plan_scheduler *scheduler, struct err *err)
{
	struct { /* struct sched_attr, which not every header has */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {
	    .size = sizeof attr,
	    .policy = scheduler->policy,
	    .flags = scheduler->flags,
	    .nice = scheduler->nice,
	    .priority = scheduler->priority,
	    .runtime = scheduler->runtime,
	    .deadline = scheduler->deadline,
	    .period = scheduler->period,
	};
	if (scheduler->set && syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return err_sys(err, "error setting scheduler");
	return 0;
}

static int memory_policy_set(const struct plan_memory_policy *policy, struct err *err)
{
	bool any = false;
	for (size_t i = 0; i < PLAN_NODES; i++)
		any = any || policy->nodes[i];
	if (policy->set &&
	    syscall(SYS_set_mempolicy, policy->mode, any ? policy->nodes : NULL, any ? PLAN_NODES * 64 + 1 : 0) < 0)
		return err_sys(err, "set the memory policy");
	return 0;
}

/* A session keyring of its own: the host's keys are not the container's. Kernels without keys have nothing to hide. */
static int keyring_join(const char *name, struct err *err)
{
	enum { SEARCH_BY_USER = 0x00080000 };
	if (!name)
		return 0;
	long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (key < 0)
		return errno == ENOSYS || errno == EPERM ? 0 : err_sys(err, "unable to join session keyring");
	(void)syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f0000 | SEARCH_BY_USER);
	return 0;
}

int attributes_set(const struct plan_process *process, struct err *err)
{
	int rc = keyring_join(process->keyring, err);
	if (rc == 0 && process->has_personality && personality((unsigned long)process->personality) < 0)
		rc = err_sys(err, "set the personality");
	if (rc == 0)
		rc = scheduler_set(&process->scheduler, err);
	if (rc == 0 && process->has_io_priority &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, process->io_priority) < 0)
		rc = err_sys(err, "failed to set io priority");
	return rc < 0 ? rc : memory_policy_set(&process->memory_policy, err);
}

/* --- processors --- */

static int cpus_parse(const char *text, cpu_set_t *set, struct err *err)
{
	auto_strv char **parts = strv_split(text, ',');
	CPU_ZERO(set);
	for (char **part = parts; *part; part++) {
		int64_t first, last;
		char *dash = strchr(*part, '-');
		if (dash)
			*dash = 0;
		int rc = number_parse(*part, 0, CPU_SETSIZE - 1, "execCPUAffinity", &first, err);
		last = first;
		if (rc == 0 && dash)
			rc = number_parse(dash + 1, first, CPU_SETSIZE - 1, "execCPUAffinity", &last, err);
		if (rc < 0)
			return rc;
		for (int64_t cpu = first; cpu <= last; cpu++)
			CPU_SET((size_t)cpu, set);
	}
	return 0;
}

static int cpus_set(const char *text, struct err *err)
{
	cpu_set_t set;
	if (text_empty(text))
		return 0;
	int rc = cpus_parse(text, &set, err);
	if (rc == 0 && sched_setaffinity(0, sizeof set, &set) < 0)
		rc = err_sys(err, "error setting CPU affinity %s", text);
	return rc;
}

int cpus_initial_set(const struct plan_process *process, struct err *err)
{
	return cpus_set(process->cpus_initial, err);
}

int cpus_final_set(const struct plan_process *process, struct err *err)
{
	return cpus_set(process->cpus_final, err);
}

/* --- labels --- */

/* Through a procfs that nobody else has: the container's own /proc may have been swapped (CVE-2025-52881). */
static int label_write(int proc, const char *name, const char *older, const char *text, struct err *err)
{
	auto_fd int fd = -1;
	int rc = proc_open(proc, name, O_WRONLY, &fd, err);
	if (rc == -ENOENT && older)
		rc = proc_open(proc, older, O_WRONLY, &fd, err);
	if (rc < 0)
		return rc;
	rc = fd_write_full(fd, text, strlen(text));
	return rc < 0 ? err_set(err, -rc, "write \"%s\" to %s: %s", text, name, strerror(-rc)) : 0;
}

int labels_set(const struct plan_process *process, struct err *err)
{
	auto_fd int proc = -1;
	if (!process->apparmor && !process->selinux)
		return 0;
	int rc = proc_private_open(&proc, err);
	if (rc == 0 && process->selinux) {
		rc = label_write(proc, "thread-self/attr/exec", NULL, process->selinux, err);
		if (rc < 0)
			return err_wrap(err, "unable to set the SELinux label");
	}
	if (rc == 0 && process->apparmor) {
		auto_free char *text = x_printf("exec %s", process->apparmor);
		/* kernel 5.8: attr/apparmor; before, one file for all modules. */
		rc = label_write(proc, "thread-self/attr/apparmor/exec", "thread-self/attr/exec", text, err);
		if (rc < 0)
			return err_wrap(err, "unable to apply apparmor profile");
	}
	return rc;
}
