#include "runtime/apply.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"
#include "runtime/apply_process.h"
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SETUP = 125 };

/* --- in the new process --- */

struct child {
	const struct plan *plan;
	const struct apply_input *input;
	int socket;  /* reports go out, the word to go comes in */
	bool inside; /* the control group */
	struct arena arena;
};

/* Says what failed and ends. */
static _Noreturn void child_fail(const struct child *child, int exit_code, const struct err *err)
{
	struct apply_report report = {.kind = APPLY_FAILED, .exit_code = exit_code, .err = *err};
	if (fd_send(child->socket, &report, sizeof report, NULL, 0) < 0)
		_exit(EXIT_SETUP);
	_exit(exit_code);
}

static int oom_score_set(const struct plan_process *process, struct err *err)
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

/* Groups and namespaces, before the root file system. */
static int child_place(const struct child *child, struct err *err)
{
	const struct plan *plan = child->plan;
	if (setsid() < 0)
		return err_sys(err, "setsid");
	int rc = oom_score_set(&plan->process, err);
	if (rc == 0 && !child->inside)
		rc = cgroup_enter(plan->cgroup, 0, err);
	if (rc < 0)
		return rc;
	if (plan->namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, "new cgroup namespace");
	if (plan->network_slot != PLAN_SLOT_NONE && setns(child->input->slots[plan->network_slot], CLONE_NEWNET) < 0)
		return err_sys(err, "enter the network namespace");
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return err_sys(err, "set the host name");
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return err_sys(err, "set the domain name");
	return 0;
}

static int child_root(const struct child *child, int *out_master, int *out_slave, struct err *err)
{
	const struct plan *plan = child->plan;
	auto_fd int root = -1;
	int rc = mounts_make(plan, &root, err);
	if (rc == 0)
		rc = devices_make(plan, root, err);
	if (rc == 0 && plan->process.terminal)
		rc = console_open(&plan->process, root, out_master, out_slave, err);
	if (rc == 0 && plan->process.terminal)
		rc = console_bind(root, *out_slave, err);
	if (rc == 0)
		rc = sysctls_write(plan, root, err);
	if (rc == 0)
		rc = paths_hide(plan, root, err);
	return rc < 0 ? rc : root_pivot(plan, root, err);
}

static int ready_wait(const struct child *child, int master, struct err *err)
{
	struct apply_report report = {.kind = APPLY_READY};
	char go;
	int rc = fd_send(child->socket, &report, sizeof report, &master, master >= 0 ? 1 : 0);
	if (rc < 0)
		return err_set(err, -rc, "report: %s", strerror(-rc));
	if (fd_read_full(child->socket, &go, 1) != 1)
		_exit(EXIT_SETUP); /* whoever made us is gone */
	return 0;
}

static _Noreturn void child_main(struct child *child)
{
	struct process_ready ready = {0};
	struct err err;
	int exit_code = EXIT_SETUP;
	auto_fd int master = -1, slave = -1;
	/* The container ends with its monitor. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	int rc = child_place(child, &err);
	if (rc == 0)
		rc = child_root(child, &master, &slave, &err);
	if (rc == 0)
		rc = process_prepare(&child->arena, &child->plan->process, child->input->stdio, slave, &ready,
				     &exit_code, &err);
	if (rc == 0)
		rc = ready_wait(child, master, &err);
	if (rc == 0) {
		cleanup_fd(&master);
		master = -1;
		rc = process_run(&child->plan->process, &ready, &exit_code, &err);
	}
	(void)rc;
	child_fail(child, exit_code, &err);
}

/* --- in whoever applies --- */

static int report_read(int socket, struct apply_report *report, int *out_fd, struct err *err)
{
	size_t count = 0;
	*out_fd = -1;
	ssize_t size;
	do
		size = fd_receive(socket, report, sizeof *report, out_fd, 1, &count);
	while (size == -EINTR);
	if (count == 0)
		*out_fd = -1;
	if (size == 0)
		return 0;
	if (size < 0)
		return err_set(err, (int)-size, "the new process: %s", strerror((int)-size));
	if (size != (ssize_t)sizeof *report)
		return err_set(err, EPROTO, "the new process sent half a report");
	report->err.msg[sizeof report->err.msg - 1] = 0;
	return 1;
}

/* Takes the failed process away and passes its words on. */
static int child_failed(pid_t pid, const struct apply_report *report, int *out_exit_code, struct err *err)
{
	int status;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	*out_exit_code = report->exit_code;
	*err = report->err;
	return -(err->code ? err->code : EIO);
}

int apply_create(const struct plan *plan, const struct apply_input *input, struct apply_process *out_process,
		 int *out_exit_code, struct err *err)
{
	int pair[2], console;
	uint64_t flags = plan->namespaces & ~(uint64_t)CLONE_NEWCGROUP; /* after the groups are entered */
	*out_exit_code = EXIT_SETUP;
	if (plan->network_slot != PLAN_SLOT_NONE && (size_t)plan->network_slot >= input->slot_count)
		return err_set(err, EPROTO, "the plan names a slot that is not there");
	struct cgroup_hold hold;
	bool inside = false;
	int rc = cgroup_create(plan, &hold, err);
	if (rc < 0) {
		cgroup_remove(plan->cgroup);
		return rc;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		rc = err_sys(err, "socketpair");
		cgroup_settle(&hold);
		cgroup_remove(plan->cgroup);
		return rc;
	}
	auto_fd int mine = pair[0];
	pid_t pid = cgroup_clone(hold.absent ? NULL : plan->cgroup, flags, &inside);
	if (pid == 0) {
		struct child child = {.plan = plan, .input = input, .socket = pair[1], .inside = inside || hold.absent};
		close(mine);
		child_main(&child);
	}
	close(pair[1]);
	struct apply_report report = {.kind = APPLY_FAILED, .exit_code = EXIT_SETUP};
	if (pid < 0) {
		rc = err_sys(err, "clone");
		cgroup_settle(&hold);
		cgroup_remove(plan->cgroup);
		return rc;
	}
	rc = report_read(mine, &report, &console, err);
	cgroup_settle(&hold);
	if (rc <= 0 && report.kind == APPLY_FAILED) {
		if (rc == 0)
			err_set(err, EIO, "the new process ended without a word");
		report.err = *err;
	}
	if (rc <= 0 || report.kind != APPLY_READY) {
		rc = child_failed(pid, &report, out_exit_code, err);
		cgroup_remove(plan->cgroup);
		return rc;
	}
	*out_process = (struct apply_process){.pid = pid, .console = console, .socket = take_fd(&mine)};
	return 0;
}

int apply_start(struct apply_process *process, int *out_exit_code, struct err *err)
{
	struct apply_report report;
	auto_fd int socket = process->socket;
	int unused;
	process->socket = -1;
	if (send(socket, "g", 1, MSG_NOSIGNAL) != 1) {
		report = (struct apply_report){.exit_code = EXIT_SETUP};
		err_set(&report.err, EIO, "the new process is gone");
		return child_failed(process->pid, &report, out_exit_code, err);
	}
	/* The socket closes when the program runs. */
	int rc = report_read(socket, &report, &unused, err);
	if (rc == 0)
		return 0;
	if (rc < 0)
		report = (struct apply_report){.exit_code = EXIT_SETUP, .err = *err};
	return child_failed(process->pid, &report, out_exit_code, err);
}

void apply_release(const struct plan *plan)
{
	cgroup_remove(plan->cgroup);
}
