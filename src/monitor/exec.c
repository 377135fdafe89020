#include "monitor/exec.h"

#include "base/fd.h"
#include "base/time.h"
#include "monitor/probe.h"
#include "monitor/sealed.h"
#include "monitor/sessions.h"
#include "monitor/state.h"
#include "monitor/stray.h"
#include "monitor/tell.h"
#include "runtime/exec.h"
#include "runtime/plan_wire.h"

#include <string.h>
#include <sys/mman.h>

static void exec_over(struct session *session)
{
	struct monitor_message message = {.type = MONITOR_EXEC_EXITED,
					  .session = session->number,
					  .flags = session->timed_out ? MONITOR_TIMED_OUT : 0,
					  .code = session_exit_code(session),
					  .time_ns = time_wall_ns()};
	if (session->probe)
		probe_end(session);
	loop_timer_stop(&session->limit);
	tell_message(&message, NULL, 0);
	clients_end(session);
	sessions_sweep_soon();
}

static int exec_make(struct session *session, struct monitor_packet *packet, int *out_exit_code, struct err *err)
{
	auto_arena arena = {0};
	struct plan_process *plan;
	struct apply_process process;
	struct exec_input input = {.stdio = {-1, -1, -1}, .program = -1};
	const void *data;
	size_t size;
	int rc = monitor.running ? sealed_map(packet->fds[0], &data, &size, err)
				 : err_set(err, EBUSY, "container %s is not running", monitor.id);
	if (rc < 0)
		return rc;
	input.target = monitor.container->pid;
	input.cgroup = monitor.plan->cgroup;
	rc = plan_process_decode(&arena, data, size, &plan, err);
	munmap((void *)data, size);
	if (rc == 0 && !session->tty)
		rc = session_pipes(session, packet->head.flags, input.stdio, err);
	if (rc == 0)
		rc = exec_create(plan, &input, &process, out_exit_code, err);
	cleanup_fds(input.stdio, array_size(input.stdio));
	if (rc < 0)
		return rc;
	if (session->probe)
		probe_begin(session, process.pid, packet->head.time_ns);
	rc = process.console >= 0 ? session_console(session, process.console, err) : 0;
	if (rc == 0 && packet->head.height > 0)
		session_resize(session, packet->head.height, packet->head.width);
	if (rc == 0)
		rc = session_watch(session, err);
	int started = apply_start(&process, NULL, out_exit_code, err);
	if (started < 0)
		return started;
	return rc < 0 ? rc : session_child(session, process.pid, err);
}

/* Docker: into the stream, where whoever typed the command reads it. */
static void exec_failed(struct session *session, const struct err *err)
{
	auto_free char *line = x_printf("%s\r\n", err->msg);
	if (session->clients)
		attached_write(session->clients, 1, line, strlen(line));
	clients_end(session);
}

void exec_take(struct monitor_packet *packet)
{
	struct monitor_message started = {.type = MONITOR_EXEC_STARTED, .session = packet->head.session};
	if (packet->head.flags & MONITOR_PROBE)
		probes_end();
	struct session *session = sessions_add(packet->head.session, packet->head.flags, exec_over);
	struct err err;
	int exit_code = 126;
	if (packet->fd_count > 1)
		sessions_attach(session, packet, 1);
	int rc = exec_make(session, packet, &exit_code, &err);
	if (rc < 0) {
		stray_reap(sessions_is_own);
		if (session->probe && monitor.plan)
			probe_end(session);
		loop_timer_stop(&session->limit);
		tell_failed(MONITOR_EXEC_FAILED, session->number, exit_code, &err);
		session->told = true;
		exec_failed(session, &err);
		sessions_sweep_soon();
		return;
	}
	started.pid = session->pid;
	started.time_ns = time_wall_ns();
	tell_message(&started, NULL, 0);
}
