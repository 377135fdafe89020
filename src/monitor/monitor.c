#include "monitor/monitor.h"

#include "base/fd.h"
#include "base/time.h"
#include "monitor/container.h"
#include "monitor/exec.h"
#include "monitor/oom.h"
#include "monitor/sessions.h"
#include "monitor/settings.h"
#include "monitor/state.h"
#include "monitor/tell.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_process.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct monitor monitor = {.engine_fd = -1, .listener_fd = -1, .oom_watch = CGROUP_OOM_INIT};

/* --- from the engine --- */

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
	struct session *session = sessions_find(message->session);
	switch (message->type) {
	case MONITOR_START:
		container_start_take(packet);
		break;
	case MONITOR_HELLO:
		tell_status();
		if (monitor.oom.kills > 0) /* also what nobody heard of */
			oom_tell();
		monitor.dropped_told = 0;
		break;
	case MONITOR_ATTACH:
		if (session && !session->told)
			sessions_attach(session, packet, 0);
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
		sessions_sweep_soon();
		break;
	default:
		fprintf(stderr, "tug-monitor: container %s: message %u is not for a monitor\n", monitor.id,
			message->type);
	}
}

void monitor_messages_take(void)
{
	while (monitor.engine_fd >= 0) {
		struct monitor_packet packet = {0};
		int rc = monitor_receive(monitor.engine_fd, &packet);
		if (rc == -EAGAIN || rc == -EINTR)
			return;
		if (rc == -EPROTO)
			fprintf(stderr, "tug-monitor: container %s: a message is not well formed\n", monitor.id);
		if (rc <= 0) {
			tell_nobody();
			if (!monitor.container)
				monitor.over = true; /* there never was one */
			sessions_sweep_soon();
			return;
		}
		message_take(&packet);
		monitor_packet_done(&packet);
	}
}

static void engine_ready(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	monitor_messages_take();
}

static int engine_take(int fd, struct err *err)
{
	tell_nobody();
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
		tell_nobody();
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
		sessions_remove(monitor.sessions);
	output_log_close(&monitor.log, time_wall_ns());
	tell_nobody();
	loop_io_remove(&monitor.listener);
	cleanup_fd(&monitor.listener_fd);
	if (unlinkat(MONITOR_RUN_FD, "monitor.sock", 0) < 0 && errno != ENOENT)
		rc = -errno;
	loop_free(monitor.loop);
	arena_done(&monitor.arena);
	return rc < 0 ? 1 : 0;
}
