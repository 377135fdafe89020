#include "monitor/container.h"

#include "base/fd.h"
#include "base/time.h"
#include "monitor/monitor.h"
#include "monitor/oom.h"
#include "monitor/probe.h"
#include "monitor/sealed.h"
#include "monitor/sessions.h"
#include "monitor/state.h"
#include "monitor/tell.h"
#include "runtime/apply.h"
#include "runtime/apply_volume.h"
#include "runtime/cgroup_tree.h"
#include "runtime/plan_wire.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* --- the end --- */

/* What a remote log did not take, where there is news. */
static void dropped_tell(void)
{
	struct monitor_message message = {.type = MONITOR_LOG_DROPPED};
	uint64_t dropped = output_log_dropped(&monitor.log);
	if (dropped == monitor.dropped_told)
		return;
	monitor.dropped_told = dropped;
	message.time_ns = (int64_t)dropped;
	tell_message(&message, NULL, 0);
}

static void dropped_look(struct loop_timer *timer)
{
	enum { EVERY_NS = 1000000000 };
	dropped_tell();
	loop_timer_start(monitor.loop, timer, EVERY_NS, dropped_look);
}

static void exit_fill(const struct session *session)
{
	int status = session->status;
	monitor.exit = (struct exit_record){
	    .code = session_exit_code(session),
	    .oom_killed = cgroup_oom_killed(monitor.plan->cgroup) || monitor.oom.kills > 0,
	    .time_ns = time_wall_ns(),
	    .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
	    .core = WIFSIGNALED(status) && WCOREDUMP(status),
	    .sent = monitor.sent,
	    .oom = monitor.oom,
	};
}

static void container_over(struct session *session)
{
	struct err err;
	bool news = oom_look();
	oom_end();
	loop_timer_stop(&monitor.dropped_timer);
	exit_fill(session);
	session->log = NULL;
	dropped_tell();
	output_log_close(&monitor.log, monitor.exit.time_ns);
	monitor.running = false;
	monitor.over = true;
	if (exit_record_write(MONITOR_RUN_FD, &monitor.exit, &err) < 0)
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
	for (struct session *at = monitor.sessions; at; at = at->next) {
		if (at->probe && !at->told)
			probe_end(at);
	}
	apply_release(monitor.plan);
	if (news)
		oom_tell();
	tell_exited();
	clients_end(session);
	sessions_sweep_soon();
}

/* --- start --- */

/* START's tail says how; without one nothing is kept. */
static int log_start(const struct monitor_packet *packet, struct err *err)
{
	auto_arena arena = {0};
	struct log_options options;
	if (packet->head.tail_size == 0)
		return 0;
	int rc = log_options_decode(&arena, packet->tail, packet->head.tail_size, &options, err);
	if (rc == 0)
		rc = output_log_open(&monitor.log, monitor.loop, MONITOR_DATA_FD, &options, err);
	monitor.logged = rc == 0;
	return rc;
}

static int plan_read(const struct monitor_packet *packet, struct err *err)
{
	const void *data;
	size_t size;
	int rc = sealed_map(packet->fds[0], &data, &size, err);
	if (rc < 0)
		return rc;
	rc = plan_decode(&monitor.arena, data, size, &monitor.plan, err);
	munmap((void *)data, size);
	return rc;
}

/* The process stands before its program; clients that came with START are taken up before it goes. */
static int container_go(struct apply_process *process, int *out_exit_code, struct err *err)
{
	struct session *session = monitor.container;
	int rc = process->console >= 0 ? session_console(session, process->console, err) : 0;
	if (rc == 0)
		rc = session_watch(session, err);
	monitor_messages_take();
	oom_start();
	monitor.step = MONITOR_STEP_PROGRAM;
	int started = apply_start(process, NULL, out_exit_code, err);
	if (started < 0)
		return started;
	return rc < 0 ? rc : session_child(session, process->pid, err);
}

static int container_make(struct monitor_packet *packet, int *out_exit_code, struct err *err)
{
	const struct monitor_message *message = &packet->head;
	struct session *session = monitor.container;
	struct apply_input input = {
	    .stdio = {-1, -1, -1}, .slots = packet->fds, .slot_count = packet->fd_count, .program = -1};
	struct apply_process process;
	monitor.step = MONITOR_STEP_PLAN;
	int rc = plan_read(packet, err);
	if (rc == 0) {
		monitor.step = MONITOR_STEP_LOG;
		rc = log_start(packet, err);
	}
	if (rc == 0)
		monitor.step = MONITOR_STEP_STREAMS;
	if (rc == 0 && !session->tty)
		rc = session_pipes(session, message->flags, input.stdio, err);
	session->log = monitor.logged ? &monitor.log : NULL;
	if (rc == 0)
		monitor.step = MONITOR_STEP_SETUP;
	if (rc == 0)
		rc = volumes_mount(monitor.plan, err);
	if (rc == 0)
		rc = apply_create(monitor.plan, &input, &process, out_exit_code, err);
	cleanup_fds(input.stdio, array_size(input.stdio));
	if (rc < 0)
		return rc;
	rc = container_go(&process, out_exit_code, err);
	if (rc < 0)
		apply_release(monitor.plan);
	return rc;
}

/*
 * What only building the container needed goes back: from now on there is one of us beside each of thousands of
 * containers, and nearly always it waits.
 */
extern char __executable_start[], etext[]; /* the linker's */

static void memory_release(struct loop_task *task)
{
	(void)task;
	enum { STACK_BELOW = 128 << 10, PAGE = 4096 };
	char here; /* called by the loop itself: not much is above */
	uintptr_t end = ((uintptr_t)&here - PAGE) & ~(uintptr_t)(PAGE - 1);
	if (!monitor.running)
		return;
	monitor.kept.cgroup = x_strdup(monitor.plan->cgroup);
	monitor.plan = &monitor.kept;
	arena_done(&monitor.arena);
	(void)madvise((void *)(end - STACK_BELOW), STACK_BELOW, MADV_DONTNEED); /* the stack below this function */
	/* And the code: what waiting needs comes back by itself. */
	uintptr_t code = (uintptr_t)__executable_start & ~(uintptr_t)(PAGE - 1);
	(void)madvise((void *)code, (uintptr_t)etext - code, MADV_DONTNEED);
}

void container_start_take(struct monitor_packet *packet)
{
	struct monitor_message started = {.type = MONITOR_STARTED};
	struct err err;
	int exit_code = 125;
	if (monitor.container)
		return; /* a second START is nobody's */
	monitor.container = sessions_add(0, packet->head.flags, container_over);
	if (container_make(packet, &exit_code, &err) < 0) {
		monitor.over = true;
		oom_end();
		tell_failed(MONITOR_FAILED, monitor.step, exit_code, &err);
		sessions_remove(monitor.container);
		monitor.container = NULL;
		sessions_sweep_soon();
		return;
	}
	monitor.running = true;
	if (monitor.log.remote)
		dropped_look(&monitor.dropped_timer);
	monitor.started_ns = time_wall_ns();
	started.pid = monitor.container->pid;
	started.time_ns = monitor.started_ns;
	tell_message(&started, NULL, 0);
	loop_task_add(monitor.loop, &monitor.release, memory_release);
}
