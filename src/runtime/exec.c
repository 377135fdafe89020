#include "runtime/exec.h"

#include "base/fd.h"
#include "runtime/apply_process.h"
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SETUP = 126 };

struct joiner {
	const struct plan_process *process;
	const char *cgroup;
	const int *stdio;
	pid_t target;
	int socket;
	bool inside; /* the control group */
	struct arena arena;
};

static _Noreturn void joiner_fail(const struct joiner *joiner, int exit_code, const struct err *err)
{
	struct apply_report report = {.kind = APPLY_FAILED, .exit_code = exit_code, .err = *err};
	if (fd_send(joiner->socket, &report, sizeof report, NULL, 0) < 0)
		_exit(EXIT_SETUP);
	_exit(exit_code);
}

/* All namespaces at once by a pidfd. kernel 5.8: setns with a pidfd; before, one by one from /proc. */
static int namespaces_join(const struct joiner *joiner, struct err *err)
{
	static const struct {
		const char *name;
		int flag;
	} rows[] = {{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
		    {"net", CLONE_NEWNET},	 {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS}};
	int fds[array_size(rows)], rc = 0;
	for (size_t i = 0; i < array_size(rows); i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)joiner->target, rows[i].name);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0 && errno != ENOENT)
			rc = err_sys(err, "open %s", path);
	}
	for (size_t i = 0; rc == 0 && i < array_size(rows); i++) {
		if (fds[i] >= 0 && setns(fds[i], rows[i].flag) < 0)
			rc = err_sys(err, "enter the %s namespace", rows[i].name);
	}
	cleanup_fds(fds, array_size(rows));
	return rc;
}

static _Noreturn void process_main(struct joiner *joiner)
{
	struct process_ready ready = {0};
	struct err err;
	int exit_code = EXIT_SETUP, rc = 0;
	auto_fd int root = -1, master = -1, slave = -1;
	if (setsid() < 0)
		rc = err_sys(&err, "setsid");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && joiner->process->terminal)
		rc = console_open(joiner->process, root, &master, &slave, &err);
	if (rc == 0)
		rc = process_prepare(&joiner->arena, joiner->process, joiner->stdio, slave, &ready, &exit_code, &err);
	if (rc == 0) {
		struct apply_report report = {.kind = APPLY_READY};
		char go;
		rc = fd_send(joiner->socket, &report, sizeof report, &master, master >= 0 ? 1 : 0);
		if (rc < 0 || fd_read_full(joiner->socket, &go, 1) != 1)
			_exit(EXIT_SETUP);
		rc = process_run(joiner->process, &ready, &exit_code, &err);
	}
	(void)rc;
	joiner_fail(joiner, exit_code, &err);
}

/* Between us and the process stands one that joins: a PID namespace is for children. The child is made ours. */
static _Noreturn void joiner_main(struct joiner *joiner)
{
	struct err err;
	int rc = joiner->inside ? 0 : cgroup_enter(joiner->cgroup, 0, &err);
	if (rc == 0)
		rc = namespaces_join(joiner, &err);
	if (rc < 0)
		joiner_fail(joiner, EXIT_SETUP, &err);
	/* CLONE_PARENT: its parent is ours, who reaps it. */
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		process_main(joiner);
	if (pid < 0) {
		err_sys(&err, "clone");
		joiner_fail(joiner, EXIT_SETUP, &err);
	}
	_exit(0);
}

static void reap(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
}

/* The process tells its number by credentials of its message: ours, as we see it. */
static int ready_read(int socket, struct apply_process *process, int *out_exit_code, struct err *err)
{
	struct apply_report report = {0};
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	struct iovec part = {&report, sizeof report};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t size;
	do
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	process->console = -1;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); size > 0 && head; head = CMSG_NXTHDR(&message, head)) {
		if (head->cmsg_type == SCM_CREDENTIALS)
			process->pid = ((const struct ucred *)(const void *)CMSG_DATA(head))->pid;
		else if (head->cmsg_type == SCM_RIGHTS)
			memcpy(&process->console, CMSG_DATA(head), sizeof process->console);
	}
	if (size != (ssize_t)sizeof report) {
		*out_exit_code = EXIT_SETUP;
		return err_set(err, EIO, "the new process ended without a word");
	}
	if (report.kind == APPLY_READY)
		return 0;
	report.err.msg[sizeof report.err.msg - 1] = 0;
	*out_exit_code = report.exit_code;
	*err = report.err;
	return -(err->code ? err->code : EIO);
}

int exec_create(const struct plan_process *process, pid_t target, const char *cgroup, const int stdio[3],
		struct apply_process *out_process, int *out_exit_code, struct err *err)
{
	int pair[2], on = 1;
	*out_exit_code = EXIT_SETUP;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	auto_fd int mine = pair[0];
	if (setsockopt(mine, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0) {
		close(pair[1]);
		return err_sys(err, "SO_PASSCRED");
	}
	bool inside = false;
	pid_t pid = cgroup_clone(cgroup, 0, &inside);
	if (pid == 0) {
		struct joiner joiner = {.process = process,
					.cgroup = cgroup,
					.stdio = stdio,
					.target = target,
					.socket = pair[1],
					.inside = inside};
		close(mine);
		joiner_main(&joiner);
	}
	close(pair[1]);
	if (pid < 0)
		return err_sys(err, "clone");
	struct apply_process made = {.console = -1};
	int rc = ready_read(mine, &made, out_exit_code, err);
	reap(pid);
	if (rc < 0) {
		if (made.pid > 0 && made.pid != pid)
			reap(made.pid);
		return rc;
	}
	on = 0;
	(void)setsockopt(mine, SOL_SOCKET, SO_PASSCRED, &on, sizeof on); /* what follows is a plain report */
	made.socket = take_fd(&mine);
	*out_process = made;
	return 0;
}
