#include "engine/run.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/launch.h"
#include "engine/lifecycle.h"
#include "engine/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct run *run_new(struct container *container)
{
	struct run *run = x_alloc(sizeof *run);
	run->container = container;
	run->socket = -1;
	container->run = run;
	return run;
}

/* The first act is answered. */
static void act_over(struct run *run, int rc, struct err *err)
{
	struct act *act = run->acts;
	struct engine_call *call = NULL;
	if (!act)
		return;
	run->acts = act->next;
	call_move(&call, &act->call);
	rc = act->done(run, act->context, rc, err);
	free(act);
	call_done_all(&call, rc < 0 ? err : NULL);
}

int run_act(struct run *run, struct monitor_message *message, const struct buf *tail,
	    int (*done)(struct run *run, void *context, int rc, struct err *err), void *context,
	    struct engine_call *call, struct err *err)
{
	struct act **link = &run->acts;
	int rc = tail ? buf_check(tail, "the message", err) : 0;
	if (rc == 0)
		rc = run_send(run, message, tail ? tail->data : NULL, tail ? tail->len : 0, NULL, 0, err);
	if (rc < 0)
		return rc;
	while (*link)
		link = &(*link)->next;
	*link = x_alloc(sizeof **link);
	(*link)->done = done;
	(*link)->context = context;
	if (call)
		call_add(&(*link)->call, call);
	return 0;
}

void run_free(struct run *run)
{
	while (run->acts) {
		struct err gone;
		int rc = err_set(&gone, EBUSY, "container %s is not running", run->container->id);
		act_over(run, rc, &gone);
	}
	loop_io_remove(&run->io);
	loop_timer_stop(&run->kill_timer);
	loop_timer_stop(&run->stuck_timer);
	if (run->socket >= 0)
		close(run->socket);
	run->container->run = NULL;
	free(run);
}

int run_send(struct run *run, struct monitor_message *message, const void *tail, size_t size, const int *fds,
	     size_t count, struct err *err)
{
	int rc = monitor_send(run->socket, message, tail, size, fds, count);
	return rc < 0 ? err_set(err, -rc, "the monitor of container %s does not listen: %s", run->container->id,
				strerror(-rc))
		      : 0;
}

int64_t run_length(const struct run *run)
{
	return run->began_ns > 0 ? time_monotonic_ns() - run->began_ns : 0;
}

/* --- messages --- */

static void failed_message(struct run *run, const struct monitor_packet *packet)
{
	struct err err;
	if (packet->tail && packet->head.tail_size == sizeof err) {
		memcpy(&err, packet->tail, sizeof err);
		err.msg[sizeof err.msg - 1] = 0;
	} else {
		err_set(&err, EIO, "the container could not be started");
	}
	lifecycle_failed(run, &packet->head, &err);
}

static void done_message(struct run *run, const struct monitor_packet *packet)
{
	struct err err;
	if (packet->head.code == 0) {
		act_over(run, 0, &err);
		return;
	}
	err_set(&err, packet->head.code, "the monitor could not do it");
	if (packet->tail && packet->head.tail_size == sizeof err) {
		memcpy(&err, packet->tail, sizeof err);
		err.msg[sizeof err.msg - 1] = 0;
	}
	act_over(run, -err.code, &err);
}

/* Docker: true from the first process on that was ended, be it a child's. Told again to an engine that comes later. */
static void oom_message(struct run *run, const struct monitor_packet *packet)
{
	struct container *container = run->container;
	struct oom_record oom = {.kills = container->life.oom_kills + 1};
	struct err err;
	if (packet->tail && packet->head.tail_size == sizeof oom)
		memcpy(&oom, packet->tail, sizeof oom);
	if (container->oom_killed && oom.kills <= container->life.oom_kills)
		return;
	container->oom_killed = true;
	container->life.oom_kills = oom.kills;
	if (container_save(container, &err) < 0)
		lifecycle_log(container, &err, "cannot record that a container ran out of memory");
	container_event(container, "oom", NULL);
}

static void exited_message(struct run *run, const struct monitor_packet *packet)
{
	const struct monitor_message *message = &packet->head;
	struct exit_record exit = {
	    .code = message->code, .oom_killed = message->flags & MONITOR_OOM_KILLED, .time_ns = message->time_ns};
	if (packet->tail && message->tail_size == sizeof exit) {
		memcpy(&exit, packet->tail, sizeof exit);
		exit.oom.name[sizeof exit.oom.name - 1] = 0;
	}
	exit.oom_killed = exit.oom_killed || run->container->oom_killed;
	lifecycle_exited(run, &exit);
}

/* False when the run is over and freed. */
static bool message_take(struct run *run, const struct monitor_packet *packet)
{
	const struct monitor_message *message = &packet->head;
	struct container *container = run->container;
	switch (message->type) {
	case MONITOR_STARTED:
		lifecycle_started(run, message);
		break;
	case MONITOR_STATUS:
		if (message->session > run->sessions)
			run->sessions = message->session;
		if (message->flags & MONITOR_RUNNING) {
			lifecycle_started(run, message);
			pause_adopt(container, message->flags & MONITOR_PAUSED);
		}
		break;
	case MONITOR_FAILED:
		failed_message(run, packet);
		return false;
	case MONITOR_LOG_DROPPED:
		container->life.log_dropped = message->time_ns;
		break;
	case MONITOR_DONE:
		done_message(run, packet);
		break;
	case MONITOR_OOM:
		oom_message(run, packet);
		break;
	case MONITOR_EXITED:
		exited_message(run, packet);
		return false;
	case MONITOR_EXEC_STARTED:
	case MONITOR_EXEC_FAILED:
	case MONITOR_EXEC_EXITED:
		exec_message(run, packet);
		break;
	default:
		log_warn("a monitor sent an unexpected message", "container", container->id);
	}
	return true;
}

/* The monitor is gone without a word: its container ended with it. */
static void monitor_lost(struct run *run)
{
	log_warn("the monitor of a container is gone", "container", run->container->id);
	launch_clear(run->container);
	if (run->started) {
		lifecycle_exited(run, NULL);
		return;
	}
	struct err err;
	err_set(&err, EIO, "the monitor of the container ended before the container was started");
	lifecycle_failed(run, &(struct monitor_message){.code = 128}, &err);
}

static void run_ready(struct loop_io *io, uint32_t events)
{
	struct run *run = container_of(io, struct run, io);
	(void)events;
	for (;;) {
		struct monitor_packet packet = {0};
		int rc = monitor_receive(run->socket, &packet);
		if (rc == -EAGAIN || rc == -EINTR)
			return;
		if (rc <= 0) {
			monitor_lost(run);
			return;
		}
		bool lives = message_take(run, &packet);
		monitor_packet_done(&packet);
		if (!lives)
			return;
	}
}

/* --- start --- */

struct monitor_child {
	struct engine *engine;
	struct monitor_child *next;
	struct loop_child child;
};

static void monitor_child_free(struct monitor_child *monitor)
{
	struct monitor_child **link = &monitor->engine->monitors;
	while (*link != monitor)
		link = &(*link)->next;
	*link = monitor->next;
	loop_child_remove(&monitor->child);
	free(monitor);
}

/* It is reaped; what it was about comes over the socket. */
static void child_ended(struct loop_child *child, int status)
{
	(void)status;
	monitor_child_free(container_of(child, struct monitor_child, child));
}

static int child_watch(struct engine *engine, pid_t pid, struct err *err)
{
	struct monitor_child *monitor = x_alloc(sizeof *monitor);
	monitor->engine = engine;
	monitor->next = engine->monitors;
	engine->monitors = monitor;
	int rc = loop_child_add(engine->loop, &monitor->child, pid, child_ended, err);
	if (rc < 0)
		monitor_child_free(monitor);
	return rc;
}

void run_forget_children(struct engine *engine)
{
	while (engine->monitors)
		monitor_child_free(engine->monitors);
}

static int monitor_spawn(struct run *run, int theirs, struct err *err)
{
	struct container *container = run->container;
	struct engine *engine = container->engine;
	auto_free char *name = x_printf("containers/%s", container->id);
	auto_fd int run_dir = -1, data_dir = -1;
	pid_t pid;
	int rc = path_make_dirs(engine->run, name, PATH_NO_LINKS, 0700, &run_dir, err);
	if (rc == 0)
		rc = path_open(engine->data, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &data_dir, err);
	if (rc < 0)
		return rc;
	/* Relative opens need a real descriptor, not one of O_PATH. */
	auto_fd int run_open = openat(run_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_open < 0)
		return err_sys(err, "open %s", name);
	char *const argv[] = {(char *)"tug-monitor", container->id, NULL};
	const int fds[] = {-1, -1, STDERR_FILENO, theirs, run_open, data_dir};
	const struct process_spec spec = {
	    .exe_fd = engine->monitor, .argv = argv, .fds = fds, .fd_count = array_size(fds), .new_session = true};
	rc = process_spawn(&spec, &pid, err);
	if (rc == 0)
		names_watch(container, pid);
	return rc < 0 ? rc : child_watch(engine, pid, err);
}

static int monitor_start(struct run *run, struct launch *launch, struct err *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	run->socket = pair[0];
	auto_fd int theirs = pair[1];
	/* The first messages wait in the socket until the monitor has come up. */
	int rc = run_send(run, &launch->message, launch->log.data, launch->log.len, launch->fds, launch->fd_count, err);
	if (rc == 0)
		rc = attach_send_early(run->container, err);
	if (rc == 0)
		rc = fd_set_nonblock(run->socket, true, err);
	if (rc == 0)
		rc = loop_io_add(run->container->engine->loop, &run->io, run->socket, EPOLLIN, run_ready, err);
	return rc < 0 ? rc : monitor_spawn(run, theirs, err);
}

int run_start(struct container *container, struct engine_call *call, struct err *err)
{
	struct launch launch = {0};
	int rc = launch_prepare(container, &launch, err);
	if (rc < 0)
		return rc;
	/* Before there is a process: what it holds in the network is on record, also if we end here. */
	rc = container_save(container, err);
	if (rc < 0) {
		launch_done(&launch);
		launch_release(container);
		return rc;
	}
	struct run *run = run_new(container);
	rc = monitor_start(run, &launch, err);
	launch_done(&launch);
	if (rc < 0) {
		run_free(run);
		launch_release(container);
		return rc;
	}
	if (call)
		call_add(&run->starting, call);
	return 0;
}

int run_adopt(struct container *container, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct monitor_message hello = {.type = MONITOR_HELLO};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	auto_free char *name = x_printf("containers/%s", container->id);
	auto_fd int dir = -1;
	int rc = path_open(container->engine->run, name, PATH_NO_LINKS, O_PATH | O_DIRECTORY, 0, &dir, err);
	if (rc < 0)
		return err_set(err, ENOENT, "no monitor");
	/* The path of RUN may be longer than a socket's address allows: by way of the descriptor. */
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/monitor.sock", dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_set(err, ENOENT, "no monitor");
	struct run *run = run_new(container);
	run->socket = take_fd(&fd);
	run->started = true;
	rc = run_send(run, &hello, NULL, 0, NULL, 0, err);
	if (rc == 0)
		rc = loop_io_add(container->engine->loop, &run->io, run->socket, EPOLLIN, run_ready, err);
	if (rc < 0)
		run_free(run);
	return rc;
}
