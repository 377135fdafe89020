#include "runtime/apply.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_child.h"
#include "runtime/apply_process.h"
#include "runtime/apply_report.h"
#include "runtime/cgroup.h"
#include "runtime/id_map.h"
#include "runtime/init.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SETUP = 125 };

static void reap(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
}

/* A copy of ourselves; the socket's other end is closed in it. */
static pid_t child_clone(const struct plan *plan, const struct apply_input *input, bool no_cgroup, const int pair[2])
{
	bool inside = false;
	pid_t pid = cgroup_clone(no_cgroup ? NULL : plan->cgroup, apply_clone_flags(plan), &inside);
	if (pid != 0)
		return pid;
	struct apply_child child = {
	    .plan = plan,
	    .stdio = input->stdio,
	    .slots = input->slots,
	    .slot_count = input->slot_count,
	    .socket = pair[1],
	    .listener = input->listening ? input->listener : -1,
	    .survives = input->survives,
	    .in_cgroup = inside || no_cgroup,
	    .opener = -1,
	};
	close(pair[0]);
	apply_child_main(&child);
}

static int child_make(const struct plan *plan, const struct apply_input *input, bool no_cgroup, int *out_socket,
		      pid_t *out_pid, struct err *err)
{
	int pair[2], rc = 0;
	if (apply_socket_pair(pair, err) < 0)
		return -err->code;
	auto_fd int mine = pair[0], theirs = pair[1];
	if (input->program >= 0) {
		rc = init_spawn_container(plan, input, no_cgroup, theirs, mine, out_pid, err);
	} else {
		*out_pid = child_clone(plan, input, no_cgroup, pair);
		if (*out_pid < 0)
			rc = err_sys(err, "clone");
	}
	if (rc == 0)
		*out_socket = take_fd(&mine);
	return rc;
}

/* One report dealt with. 1: the process is ready; 0: go on. */
static int report_take(const struct plan *plan, const struct apply_input *input, int socket,
		       struct apply_message *message, struct apply_process *process, int *out_exit_code,
		       struct err *err)
{
	const struct apply_host *host = input->host;
	auto_buf state = BUF_INIT(APPLY_STATE_MAX);
	int rc = 0;
	switch (message->report.kind) {
	case APPLY_READY:
		process->console = take_fd(&message->fd);
		rc = process_limits(&plan->process, message->pid, err);
		return rc < 0 ? rc : 1;
	case APPLY_MAP:
		rc = id_map_write(plan, message->pid, err);
		break;
	case APPLY_PREPARED:
		if (host && host->prepared)
			rc = host->prepared(host->context, message->pid, &state, err);
		break;
	case APPLY_FAILED:
		*out_exit_code = message->report.exit_code;
		*err = message->report.err;
		return -(err->code ? err->code : EIO);
	default:
		rc = err_set(err, EPROTO, "the new process sent what is no report");
	}
	if (rc == 0)
		rc = buf_check(&state, "the state", err);
	return rc < 0 ? rc : apply_answer_send(socket, buf_str(&state), err);
}

static void process_end(pid_t first, pid_t pid)
{
	if (pid > 0 && pid != first) {
		(void)kill(pid, SIGKILL);
		reap(pid);
	}
	(void)kill(first, SIGKILL);
	reap(first);
}

int apply_create(const struct plan *plan, const struct apply_input *input, struct apply_process *out_process,
		 int *out_exit_code, struct err *err)
{
	struct apply_process process = {.console = -1};
	auto_fd int socket = -1;
	pid_t first = -1;
	*out_exit_code = EXIT_SETUP;
	for (size_t i = 0; i < plan->join_count; i++) {
		if (plan->joins[i].slot < 0 || (size_t)plan->joins[i].slot >= input->slot_count)
			return err_set(err, EPROTO, "the plan names a slot that is not there");
	}
	struct cgroup_hold hold = {.absent = true};
	int rc = plan->cgroup ? cgroup_create(plan, &hold, err) : 0;
	if (rc == 0)
		rc = child_make(plan, input, hold.absent, &socket, &first, err);
	if (rc == 0)
		process.pid = first;
	while (rc == 0) {
		struct apply_message message;
		rc = apply_message_read(socket, &message, err);
		if (rc == 0 && message.pid > 0)
			process.pid = message.pid;
		if (rc == 0)
			rc = report_take(plan, input, socket, &message, &process, out_exit_code, err);
		cleanup_fd(&message.fd);
	}
	if (plan->cgroup)
		cgroup_settle(&hold);
	if (rc < 0) {
		cleanup_fd(&process.console);
		if (first > 0)
			process_end(first, process.pid);
		if (plan->cgroup)
			cgroup_remove(plan->cgroup);
		return rc;
	}
	if (process.pid != first)
		reap(first); /* the stage */
	process.socket = take_fd(&socket);
	*out_process = process;
	return 0;
}

int apply_let_go(int socket_taken, const struct apply_host *host, int *out_exit_code, struct err *err)
{
	auto_fd int socket = socket_taken;
	*out_exit_code = EXIT_SETUP;
	int rc = apply_answer_send(socket, "", err);
	while (rc == 0) {
		struct apply_message message;
		rc = apply_message_read(socket, &message, err);
		if (rc == -ENODATA)
			return 0; /* the socket closed: the program runs */
		if (rc < 0)
			return rc;
		if (message.report.kind == APPLY_LISTENER && host && host->listener) {
			rc = host->listener(host->context, message.fd, err);
			if (rc == 0)
				rc = apply_answer_send(socket, "", err);
		} else if (message.report.kind == APPLY_FAILED) {
			*out_exit_code = message.report.exit_code;
			*err = message.report.err;
			rc = -(err->code ? err->code : EIO);
		} else {
			rc = err_set(err, EPROTO, "the new process sent what is no report");
		}
		cleanup_fd(&message.fd);
	}
	return rc;
}

int apply_start(struct apply_process *process, const struct apply_host *host, int *out_exit_code, struct err *err)
{
	int socket = process->socket;
	process->socket = -1;
	int rc = apply_let_go(socket, host, out_exit_code, err);
	if (rc < 0) {
		(void)kill(process->pid, SIGKILL);
		reap(process->pid);
	}
	return rc;
}

void apply_release(const struct plan *plan)
{
	if (plan->cgroup)
		cgroup_remove(plan->cgroup);
}
