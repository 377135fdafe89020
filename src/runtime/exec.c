#include "runtime/exec.h"

#include "base/fd.h"
#include "runtime/apply_process.h"
#include "runtime/apply_report.h"
#include "runtime/cgroup.h"
#include "runtime/exec_child.h"
#include "runtime/init.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SETUP = 126 };

static void reap(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
}

static int joiner_make(const struct plan_process *process, const struct exec_input *input, int *out_socket,
		       pid_t *out_pid, struct err *err)
{
	int pair[2], rc = apply_socket_pair(pair, err);
	if (rc < 0)
		return rc;
	auto_fd int mine = pair[0], theirs = pair[1];
	if (input->program >= 0) {
		rc = init_spawn_exec(process, input, theirs, mine, out_pid, err);
	} else {
		bool inside = false;
		*out_pid = cgroup_clone(input->cgroup, 0, &inside);
		if (*out_pid == 0) {
			struct exec_child child = {.process = process,
						   .cgroup = inside ? NULL : input->cgroup,
						   .stdio = input->stdio,
						   .target = input->target,
						   .socket = theirs,
						   .survives = input->survives,
						   .chrooted = input->chrooted};
			close(mine);
			exec_child_main(&child);
		}
		if (*out_pid < 0)
			rc = err_sys(err, "clone");
	}
	if (rc == 0)
		*out_socket = take_fd(&mine);
	return rc;
}

int exec_create(const struct plan_process *process, const struct exec_input *input, struct apply_process *out_process,
		int *out_exit_code, struct err *err)
{
	struct apply_message message = {.fd = -1};
	auto_fd int socket = -1;
	pid_t pid = -1;
	*out_exit_code = EXIT_SETUP;
	int rc = joiner_make(process, input, &socket, &pid, err);
	if (rc < 0) {
		if (pid > 0)
			reap(pid);
		return rc;
	}
	rc = apply_message_read(socket, &message, err);
	reap(pid);
	if (rc == 0 && message.report.kind != APPLY_READY) {
		*out_exit_code = message.report.exit_code;
		*err = message.report.err;
		rc = -(err->code ? err->code : EIO);
	}
	if (rc == 0)
		rc = process_limits(process, message.pid, err);
	if (rc < 0) {
		if (message.pid > 0 && message.pid != pid) {
			(void)kill(message.pid, SIGKILL);
			reap(message.pid);
		}
		cleanup_fd(&message.fd);
		return rc;
	}
	*out_process = (struct apply_process){.pid = message.pid, .console = message.fd, .socket = take_fd(&socket)};
	return 0;
}
