#include "monitor/monitor.h"

#include "base/arena.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/time.h"
#include "monitor/exit_record.h"
#include "monitor/oom_line.h"
#include "monitor/output_log.h"
#include "monitor/protocol.h"
#include "monitor/session.h"
#include "monitor/stray.h"
#include "monitor/settings.h"
#include "runtime/apply.h"
#include "runtime/apply_volume.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_child.h"
#include "runtime/cgroup_oom.h"
#include "runtime/cgroup_process.h"
#include "runtime/cgroup_tree.h"
#include "runtime/exec.h"
#include "runtime/plan_wire.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct monitor {
	const char *id;
	struct loop *loop;
	int engine_fd; /* -1: nobody is connected */
	struct loop_io engine;
	int listener_fd;
	struct loop_io listener;
	struct arena arena;	 /* of the plan */
	struct plan *plan, kept; /* once it runs, plan is kept: what its end needs */
	struct output_log log;
	bool logged; /* log is open */
	uint64_t dropped_told;
	struct session *container; /* NULL before START and after a start that failed */
	struct session *sessions;  /* all of them, the container's too */
	int64_t started_ns;
	struct exit_record exit;
	enum monitor_step step; /* of the start */
	int sent;		/* the last signal that came through the engine */
	struct cgroup_oom oom_watch;
	struct loop_io oom_io;
	struct oom_record oom;
	struct loop_timer oom_timer, dropped_timer;
	int oom_looks;
	int64_t victim_ns; /* when the kernel's log was last read */
	bool running, paused, over, bye;
	struct loop_task sweep, release;
} monitor = {.engine_fd = -1, .listener_fd = -1, .oom_watch = CGROUP_OOM_INIT};

/* --- to the engine --- */

static void engine_drop(void)
{
	loop_io_remove(&monitor.engine);
	cleanup_fd(&monitor.engine_fd);
	monitor.engine_fd = -1;
}

/* An engine that is gone or does not read asks again when it is back: STATUS and the file `exit` say all. */
static void tell(struct monitor_message *message, const void *tail, size_t size)
{
	if (monitor.engine_fd >= 0 && monitor_send(monitor.engine_fd, message, tail, size, NULL, 0) < 0)
		engine_drop();
}

static void tell_exited(void)
{
	struct monitor_message message = {.type = MONITOR_EXITED,
					  .flags = monitor.exit.oom_killed ? MONITOR_OOM_KILLED : 0,
					  .code = monitor.exit.code,
					  .time_ns = monitor.exit.time_ns};
	tell(&message, &monitor.exit, sizeof monitor.exit);
}

static uint32_t session_highest(void)
{
	uint32_t highest = 0;
	for (const struct session *at = monitor.sessions; at; at = at->next)
		highest = at->number > highest ? at->number : highest;
	return highest;
}

static void tell_status(void)
{
	struct monitor_message message = {.type = MONITOR_STATUS,
					  .session = session_highest(),
					  .flags = (monitor.running ? MONITOR_RUNNING : 0) |
						   (monitor.paused ? MONITOR_PAUSED : 0),
					  .pid = monitor.running ? monitor.container->pid : 0,
					  .time_ns = monitor.started_ns};
	snprintf(message.id, sizeof message.id, "%s", monitor.id);
	tell(&message, NULL, 0);
	if (monitor.over)
		tell_exited();
}

/* --- the end --- */

static void session_remove(struct session *session);

/* Exec sessions that are over and read go; then we, when the container has ended and its engine knows. */
static void sweep(struct loop_task *task)
{
	struct session *next;
	bool read = false;
	(void)task;
	for (struct session *at = monitor.sessions; at; at = next) {
		next = at->next;
		if (at->clients)
			read = true;
		else if (at->told && at != monitor.container)
			session_remove(at);
	}
	if (monitor.over && !read && (monitor.bye || monitor.engine_fd < 0))
		loop_stop(monitor.loop);
}

static void sweep_soon(void)
{
	loop_task_add(monitor.loop, &monitor.sweep, sweep);
}

static void client_gone(struct session *session)
{
	(void)session;
	sweep_soon();
}

static void clients_end(struct session *session)
{
	struct attached *next;
	for (struct attached *client = session->clients; client; client = next) {
		next = client->next;
		attached_end(client);
	}
}

/* --- probes: their processes are in a group of their own --- */

static void probe_name(const struct session *session, char out_name[32])
{
	snprintf(out_name, 32, "probe-%u", session->number);
}

static void probe_end(const struct session *session)
{
	char name[32];
	probe_name(session, name);
	cgroup_child_end(monitor.plan->cgroup, name);
}

static void probe_late(struct loop_timer *timer)
{
	struct session *session = container_of(timer, struct session, limit);
	session->timed_out = true;
	if (session->pid > 0 && !session->exited)
		(void)kill(session->pid, SIGKILL);
	probe_end(session);
}

/* The process stands before its program: all that it makes will be in the group. */
static void probe_begin(struct session *session, int pid, int64_t limit_ns)
{
	char name[32];
	struct err err;
	probe_name(session, name);
	if (cgroup_child_make(monitor.plan->cgroup, name, pid, &err) < 0) /* then it ends alone */
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
	loop_timer_start(monitor.loop, &session->limit, limit_ns, probe_late);
}

/* One at a time, whoever started it. */
static void probes_end(void)
{
	for (struct session *at = monitor.sessions; at; at = at->next) {
		if (at->probe && !at->told && at->pid > 0 && !at->exited)
			probe_late(&at->limit);
	}
}

/* --- out of memory --- */

/* What was ended since we last looked. True: something was. */
static bool oom_look(void)
{
	enum { PAUSE_NS = 500000000 };
	uint64_t kills = cgroup_oom_read(&monitor.oom_watch);
	struct err ignored;
	uint64_t limit = 0;
	pid_t pid = 0;
	if (kills == 0)
		return false;
	monitor.oom.kills += (int64_t)kills;
	bool v1 = cgroup_mode() == CGROUP_V1;
	auto_fd int dir = -1;
	if (cgroup_open(v1 ? "memory" : "", monitor.plan->cgroup, false, &dir, &ignored) == 0 &&
	    cgroup_read_number(dir, v1 ? "memory.limit_in_bytes" : "memory.max", &limit) && limit < INT64_MAX / 2)
		monitor.oom.limit = (int64_t)limit;
	/* One that runs out of memory all the time is not to keep us reading. */
	if (monitor.victim_ns == 0 || time_monotonic_ns() - monitor.victim_ns > PAUSE_NS) {
		if (oom_victim_find(monitor.plan->cgroup, &pid, monitor.oom.name, sizeof monitor.oom.name))
			monitor.oom.pid = pid;
		monitor.victim_ns = time_monotonic_ns();
	}
	return true;
}

static void oom_tell(void)
{
	struct monitor_message message = {.type = MONITOR_OOM};
	tell(&message, &monitor.oom, sizeof monitor.oom);
}

/* v1 wakes us before anything is ended, and not again: a few more looks find it counted. */
static void oom_again(struct loop_timer *timer)
{
	enum { LOOKS = 40, PAUSE_NS = 25000000 };
	if (oom_look()) {
		oom_tell();
		return;
	}
	if (monitor.oom_looks++ < LOOKS)
		loop_timer_start(monitor.loop, timer, PAUSE_NS, oom_again);
}

static void oom_ready(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	monitor.oom_looks = 0;
	oom_again(&monitor.oom_timer);
}

/* Without it (no memory controller) only the end tells. */
static void oom_start(void)
{
	struct err ignored;
	if (cgroup_oom_watch(monitor.plan->cgroup, &monitor.oom_watch, &ignored) == 0 &&
	    loop_io_add(monitor.loop, &monitor.oom_io, monitor.oom_watch.fd, EPOLLIN | EPOLLPRI, oom_ready, &ignored) <
		0)
		cgroup_oom_done(&monitor.oom_watch);
}

static void oom_end(void)
{
	loop_io_remove(&monitor.oom_io);
	loop_timer_stop(&monitor.oom_timer);
	cgroup_oom_done(&monitor.oom_watch);
}

/* What a remote log did not take, where there is news. */
static void dropped_tell(void)
{
	struct monitor_message message = {.type = MONITOR_LOG_DROPPED};
	uint64_t dropped = output_log_dropped(&monitor.log);
	if (dropped == monitor.dropped_told)
		return;
	monitor.dropped_told = dropped;
	message.time_ns = (int64_t)dropped;
	tell(&message, NULL, 0);
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
	sweep_soon();
}

/* --- sessions --- */

static struct session *session_add(uint32_t number, uint32_t flags, void (*over)(struct session *session))
{
	struct session *session = session_new(monitor.loop, number, flags);
	session->over = over;
	session->client_gone = client_gone;
	session->next = monitor.sessions;
	monitor.sessions = session;
	return session;
}

static void session_remove(struct session *session)
{
	struct session **link = &monitor.sessions;
	while (*link != session)
		link = &(*link)->next;
	*link = session->next;
	session_free(session);
}

static struct session *session_find(uint32_t number)
{
	for (struct session *at = monitor.sessions; at; at = at->next) {
		if (at->number == number)
			return at;
	}
	return NULL;
}

/* The client in fds[index] becomes one of the session's; what was read from it already comes first. */
static void client_add(struct session *session, struct monitor_packet *packet, size_t index)
{
	const struct monitor_message *message = &packet->head;
	struct key_sequence keys = {.count = message->key_count};
	struct err err;
	memcpy(keys.keys, message->keys, sizeof keys.keys);
	if (attached_new(session, monitor.loop, take_fd(&packet->fds[index]), message->flags, &keys, &err) < 0) {
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
		return;
	}
	if (message->tail_size > 0 && message->flags & MONITOR_IN)
		session_input(session, packet->tail, message->tail_size);
}

static void tell_failed(uint32_t type, uint32_t number, int exit_code, const struct err *err)
{
	struct monitor_message message = {.type = type, .session = number, .code = exit_code};
	tell(&message, err, sizeof *err);
}

/* The content of a sealed file. */
static int sealed_map(int fd, const void **out_data, size_t *out_size, struct err *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return err_sys(err, "the plan");
	if (status.st_size <= 0 || status.st_size > PLAN_SIZE_MAX)
		return err_set(err, EPROTO, "the plan has %lld bytes", (long long)status.st_size);
	void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(err, "the plan");
	*out_data = data;
	*out_size = (size_t)status.st_size;
	return 0;
}

/* --- start --- */

static void messages_take(void);

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
	messages_take();
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

static void start_take(struct monitor_packet *packet)
{
	struct monitor_message started = {.type = MONITOR_STARTED};
	struct err err;
	int exit_code = 125;
	if (monitor.container)
		return; /* a second START is nobody's */
	monitor.container = session_add(0, packet->head.flags, container_over);
	if (container_make(packet, &exit_code, &err) < 0) {
		monitor.over = true;
		oom_end();
		tell_failed(MONITOR_FAILED, monitor.step, exit_code, &err);
		session_remove(monitor.container);
		monitor.container = NULL;
		sweep_soon();
		return;
	}
	monitor.running = true;
	if (monitor.log.remote)
		dropped_look(&monitor.dropped_timer);
	monitor.started_ns = time_wall_ns();
	started.pid = monitor.container->pid;
	started.time_ns = monitor.started_ns;
	tell(&started, NULL, 0);
	loop_task_add(monitor.loop, &monitor.release, memory_release);
}

/* --- exec --- */

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
	tell(&message, NULL, 0);
	clients_end(session);
	sweep_soon();
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

static bool is_a_session_s(pid_t pid)
{
	for (const struct session *at = monitor.sessions; at; at = at->next) {
		if (at->pid == pid)
			return true;
	}
	return false;
}

/* Docker: into the stream, where whoever typed the command reads it. */
static void exec_failed(struct session *session, const struct err *err)
{
	auto_free char *line = x_printf("%s\r\n", err->msg);
	if (session->clients)
		attached_write(session->clients, 1, line, strlen(line));
	clients_end(session);
}

static void exec_take(struct monitor_packet *packet)
{
	struct monitor_message started = {.type = MONITOR_EXEC_STARTED, .session = packet->head.session};
	if (packet->head.flags & MONITOR_PROBE)
		probes_end();
	struct session *session = session_add(packet->head.session, packet->head.flags, exec_over);
	struct err err;
	int exit_code = 126;
	if (packet->fd_count > 1)
		client_add(session, packet, 1);
	int rc = exec_make(session, packet, &exit_code, &err);
	if (rc < 0) {
		stray_reap(is_a_session_s);
		if (session->probe && monitor.plan)
			probe_end(session);
		loop_timer_stop(&session->limit);
		tell_failed(MONITOR_EXEC_FAILED, session->number, exit_code, &err);
		session->told = true;
		exec_failed(session, &err);
		sweep_soon();
		return;
	}
	started.pid = session->pid;
	started.time_ns = time_wall_ns();
	tell(&started, NULL, 0);
}

/* --- from the engine --- */

static void tell_done(int rc, const struct err *err)
{
	struct monitor_message message = {.type = MONITOR_DONE, .code = -rc};
	tell(&message, rc < 0 ? err : NULL, rc < 0 ? sizeof *err : 0);
}

static void pause_take(bool pause)
{
	struct err err;
	int rc = 0;
	if (!monitor.running)
		rc = err_set(&err, EBUSY, "container %s is not running", monitor.id);
	else if (monitor.paused != pause)
		rc = pause ? cgroup_freeze(monitor.plan->cgroup, &err) : cgroup_thaw(monitor.plan->cgroup, &err);
	if (rc == 0)
		monitor.paused = pause;
	tell_done(rc, &err);
}

static void update_take(const struct monitor_packet *packet)
{
	auto_arena arena = {0};
	struct cgroup_settings settings;
	struct err err;
	int rc = monitor.running ? settings_decode(&arena, packet->tail ? packet->tail : "", packet->head.tail_size,
						   &settings, &err)
				 : err_set(&err, EBUSY, "container %s is not running", monitor.id);
	if (rc == 0)
		rc = cgroup_update(monitor.plan->cgroup, &settings, &err);
	tell_done(rc, &err);
}

static void signal_take(struct session *session, int number)
{
	struct err err;
	/* Ended but not reaped: the pid is still its own. */
	if (!session || session->pid <= 0 || session->exited)
		return;
	(void)kill(session->pid, number);
	if (session == monitor.container)
		monitor.sent = number;
	/* What stands still does not end: a frozen group of v1 takes no signal at all. */
	if (session == monitor.container && number == SIGKILL && cgroup_thaw(monitor.plan->cgroup, &err) < 0)
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
}

static void message_take(struct monitor_packet *packet)
{
	const struct monitor_message *message = &packet->head;
	struct session *session = session_find(message->session);
	switch (message->type) {
	case MONITOR_START:
		start_take(packet);
		break;
	case MONITOR_HELLO:
		tell_status();
		if (monitor.oom.kills > 0) /* also what nobody heard of */
			oom_tell();
		monitor.dropped_told = 0;
		break;
	case MONITOR_ATTACH:
		if (session && !session->told)
			client_add(session, packet, 0);
		break;
	case MONITOR_RESIZE:
		if (session)
			session_resize(session, message->height, message->width);
		break;
	case MONITOR_EXEC:
		exec_take(packet);
		break;
	case MONITOR_SIGNAL:
		signal_take(session, message->code);
		break;
	case MONITOR_PAUSE:
	case MONITOR_RESUME:
		pause_take(message->type == MONITOR_PAUSE);
		break;
	case MONITOR_UPDATE:
		update_take(packet);
		break;
	case MONITOR_BYE:
		monitor.bye = true;
		sweep_soon();
		break;
	default:
		fprintf(stderr, "tug-monitor: container %s: message %u is not for a monitor\n", monitor.id,
			message->type);
	}
}

static void messages_take(void)
{
	while (monitor.engine_fd >= 0) {
		struct monitor_packet packet = {0};
		int rc = monitor_receive(monitor.engine_fd, &packet);
		if (rc == -EAGAIN || rc == -EINTR)
			return;
		if (rc == -EPROTO)
			fprintf(stderr, "tug-monitor: container %s: a message is not well formed\n", monitor.id);
		if (rc <= 0) {
			engine_drop();
			if (!monitor.container)
				monitor.over = true; /* there never was one */
			sweep_soon();
			return;
		}
		message_take(&packet);
		monitor_packet_done(&packet);
	}
}

static void engine_ready(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	messages_take();
}

static int engine_take(int fd, struct err *err)
{
	engine_drop();
	monitor.engine_fd = fd;
	int rc = fd_set_nonblock(fd, true, err);
	return rc < 0 ? rc : loop_io_add(monitor.loop, &monitor.engine, fd, EPOLLIN, engine_ready, err);
}

/* An engine that was started again. Nobody else gets here: the folder is 0700, and both ends look. */
static void listener_ready(struct loop_io *io, uint32_t events)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	struct err err;
	(void)events;
	/* cppcheck-suppress nullPointer; nobody asks who calls: SO_PEERCRED tells */
	auto_fd int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != geteuid())
		return;
	if (engine_take(take_fd(&fd), &err) < 0) {
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
		engine_drop();
	}
}

static int listener_open(struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* The path of the folder may be longer than a socket's address allows: by way of the descriptor. */
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/monitor.sock", MONITOR_RUN_FD);
	if (unlinkat(MONITOR_RUN_FD, "monitor.sock", 0) < 0 && errno != ENOENT)
		return err_sys(err, "monitor.sock");
	monitor.listener_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (monitor.listener_fd < 0 || bind(monitor.listener_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(monitor.listener_fd, 4) < 0)
		return err_sys(err, "monitor.sock");
	return loop_io_add(monitor.loop, &monitor.listener, monitor.listener_fd, EPOLLIN, listener_ready, err);
}

/* --- from start to end --- */

static void ignore(int number)
{
	(void)number;
}

static int set_up(struct err *err)
{
	/* A handler rather than SIG_IGN, which the container's program would inherit. */
	const struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
	umask(022);
	if (unlinkat(MONITOR_RUN_FD, "exit", 0) < 0 && errno != ENOENT) /* of the run before */
		return err_sys(err, "exit");
	if (sigaction(SIGPIPE, &action, NULL) < 0 || chdir("/") < 0)
		return err_sys(err, "set up");
	int rc = fd_sweep(MONITOR_ENGINE_FD, err);
	if (rc == 0)
		rc = loop_new(&monitor.loop, err);
	if (rc == 0)
		rc = listener_open(err);
	return rc < 0 ? rc : engine_take(MONITOR_ENGINE_FD, err);
}

int monitor_main(const char *id)
{
	struct err err;
	monitor.id = id;
	int rc = set_up(&err);
	if (rc == 0)
		rc = loop_run(monitor.loop, &err);
	if (rc < 0)
		fprintf(stderr, "tug-monitor: container %s: %s\n", id, err.msg);
	while (monitor.sessions)
		session_remove(monitor.sessions);
	output_log_close(&monitor.log, time_wall_ns());
	engine_drop();
	loop_io_remove(&monitor.listener);
	cleanup_fd(&monitor.listener_fd);
	if (unlinkat(MONITOR_RUN_FD, "monitor.sock", 0) < 0 && errno != ENOENT)
		rc = -errno;
	loop_free(monitor.loop);
	arena_done(&monitor.arena);
	return rc < 0 ? 1 : 0;
}
