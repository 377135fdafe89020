#include "monitor/session.h"

#include "base/fd.h"
#include "base/time.h"
#include "monitor/protocol.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 << 10,
	PIPE_SIZE = 256 << 10, /* fewer turns for a process that writes much; a bigger ring costs memory while idle */
	INPUT_MAX = 64 << 10,
	READS_PER_TURN = 8,
};
/* How long streams are read on that others than the process hold open. */
#define GRACE_NS 500000000LL

/* --- life --- */

struct session *session_new(struct loop *loop, uint32_t number, uint32_t flags)
{
	struct session *session = x_alloc(sizeof *session);
	*session = (struct session){.loop = loop,
				    .number = number,
				    .tty = flags & MONITOR_TTY,
				    .probe = flags & MONITOR_PROBE,
				    .framed = !(flags & (MONITOR_TTY | MONITOR_PROBE)),
				    .stdin_once = flags & MONITOR_STDIN_ONCE,
				    .in_fd = -1,
				    .input = BUF_INIT(INPUT_MAX)};
	for (uint8_t i = 0; i < 2; i++)
		session->outputs[i] = (struct session_output){.session = session, .fd = -1, .stream = i + 1};
	return session;
}

static void output_close(struct session_output *output)
{
	loop_io_remove(&output->io);
	cleanup_fd(&output->fd);
	output->fd = -1;
}

static void input_close(struct session *session)
{
	loop_io_remove(&session->in);
	cleanup_fd(&session->in_fd);
	session->in_fd = -1;
	buf_reset(&session->input);
}

void session_free(struct session *session)
{
	session->client_gone = NULL;
	while (session->clients)
		attached_free(session->clients);
	for (size_t i = 0; i < array_size(session->outputs); i++)
		output_close(&session->outputs[i]);
	input_close(session);
	loop_child_remove(&session->child);
	loop_timer_stop(&session->grace);
	loop_timer_stop(&session->limit);
	buf_done(&session->input);
	free(session);
}

static int pipe_make(int *out_read, int *out_write, struct err *err)
{
	int pair[2];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	(void)fcntl(pair[0], F_SETPIPE_SZ, PIPE_SIZE); /* the default size works too */
	*out_read = pair[0];
	*out_write = pair[1];
	return 0;
}

int session_pipes(struct session *session, uint32_t flags, int out_stdio[3], struct err *err)
{
	int stdio[3] = {-1, -1, -1}, rc = 0;
	if (flags & MONITOR_OPEN_STDIN)
		rc = pipe_make(&stdio[0], &session->in_fd, err);
	if (rc == 0 && session->in_fd >= 0)
		rc = fd_set_nonblock(session->in_fd, true, err);
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		rc = pipe_make(&session->outputs[i].fd, &stdio[1 + i], err);
		if (rc == 0)
			rc = fd_set_nonblock(session->outputs[i].fd, true, err);
	}
	if (rc < 0) {
		cleanup_fds(stdio, 3);
		return rc;
	}
	memcpy(out_stdio, stdio, sizeof stdio);
	return 0;
}

int session_console(struct session *session, int master, struct err *err)
{
	session->outputs[0].fd = master;
	session->in_fd = fcntl(master, F_DUPFD_CLOEXEC, 3); /* one descriptor cannot be watched twice */
	if (session->in_fd < 0)
		return err_sys(err, "terminal");
	return fd_set_nonblock(master, true, err);
}

/* --- from the process --- */

static void over_check(struct session *session)
{
	bool open = session->outputs[0].fd >= 0 || session->outputs[1].fd >= 0;
	if (!session->exited || open || session->told)
		return;
	session->told = true;
	loop_timer_stop(&session->grace);
	input_close(session);
	session->over(session);
}

static bool clients_slow(const struct session *session)
{
	for (const struct attached *client = session->clients; client; client = client->next) {
		if (client->queue.len > ATTACHED_PAUSE)
			return true;
	}
	return false;
}

static void output_take(struct session_output *output, const char *data, size_t size)
{
	struct session *session = output->session;
	enum log_stream stream = output->stream == 2 ? LOG_STDERR : LOG_STDOUT;
	if (session->log)
		output_log_write(session->log, stream, data, size, time_wall_ns());
	struct attached *next;
	for (struct attached *client = session->clients; client; client = next) {
		next = client->next;
		attached_write(client, output->stream, data, size);
	}
}

static void output_ready(struct loop_io *io, uint32_t events);

/* A dead process's pipes hold little: all of it is taken. One that lives waits for its clients. */
static void outputs_watch(struct session *session)
{
	struct err err;
	bool pause = !session->exited && clients_slow(session);
	session->output_paused = pause;
	for (size_t i = 0; i < array_size(session->outputs); i++) {
		struct session_output *output = &session->outputs[i];
		if (pause)
			loop_io_remove(&output->io);
		else if (output->fd >= 0 && !output->io.loop &&
			 loop_io_add(session->loop, &output->io, output->fd, EPOLLIN, output_ready, &err) < 0)
			BUG("%s", err.msg); /* it was in the loop before */
	}
}

static void output_ready(struct loop_io *io, uint32_t events)
{
	static char data[READ_SIZE];
	struct session_output *output = container_of(io, struct session_output, io);
	struct session *session = output->session;
	(void)events;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t size = read(output->fd, data, sizeof data);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (size <= 0) { /* EIO: nobody holds the terminal any more */
			output_close(output);
			over_check(session);
			return;
		}
		output_take(output, data, (size_t)size);
		if ((size_t)size < sizeof data || clients_slow(session))
			break;
	}
	outputs_watch(session);
}

void session_output_resume(struct session *session)
{
	if (session->output_paused)
		outputs_watch(session);
}

/* --- to the process --- */

static void in_ready(struct loop_io *io, uint32_t events);

static void clients_resume(struct session *session)
{
	for (struct attached *client = session->clients; client; client = client->next)
		attached_input_resume(client);
}

static void input_send(struct session *session)
{
	struct err err;
	bool full = session->input.len > 0;
	while (session->input.len > 0) {
		ssize_t size = write(session->in_fd, session->input.data, session->input.len);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			break;
		if (size < 0) { /* it does not want to read */
			input_close(session);
			break;
		}
		buf_consume(&session->input, (size_t)size);
	}
	if (session->input.len > 0) {
		if (!session->in.loop &&
		    loop_io_add(session->loop, &session->in, session->in_fd, EPOLLOUT, in_ready, &err) < 0)
			BUG("%s", err.msg);
		return;
	}
	loop_io_remove(&session->in);
	if (session->input_closes && session->in_fd >= 0)
		input_close(session);
	if (full)
		clients_resume(session);
}

static void in_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	input_send(container_of(io, struct session, in));
}

void session_input(struct session *session, const char *data, size_t size)
{
	if (session->in_fd < 0 || size == 0)
		return;
	buf_append(&session->input, data, size); /* fits: clients are not read while something waits */
	input_send(session);
}

void session_input_over(struct session *session)
{
	if (!session->stdin_once || session->tty)
		return;
	session->input_closes = true;
	input_send(session);
}

bool session_input_full(const struct session *session)
{
	return session->input.len > 0;
}

/* --- its end --- */

void session_client_gone(struct session *session)
{
	session_output_resume(session);
	if (session->client_gone)
		session->client_gone(session);
}

/* Somebody else holds the streams: what is there is read, more is not waited for. */
static void grace_over(struct loop_timer *timer)
{
	struct session *session = container_of(timer, struct session, grace);
	for (size_t i = 0; i < array_size(session->outputs); i++)
		output_close(&session->outputs[i]);
	over_check(session);
}

static void child_ended(struct loop_child *child, int status)
{
	struct session *session = container_of(child, struct session, child);
	session->exited = true;
	session->status = status;
	outputs_watch(session);
	loop_timer_start(session->loop, &session->grace, GRACE_NS, grace_over);
	over_check(session);
}

int session_watch(struct session *session, struct err *err)
{
	for (size_t i = 0; i < array_size(session->outputs); i++) {
		struct session_output *output = &session->outputs[i];
		int rc = output->fd < 0
			     ? 0
			     : loop_io_add(session->loop, &output->io, output->fd, EPOLLIN, output_ready, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int session_child(struct session *session, int pid, struct err *err)
{
	session->pid = pid;
	return loop_child_add(session->loop, &session->child, pid, child_ended, err);
}

void session_resize(struct session *session, uint16_t height, uint16_t width)
{
	const struct winsize size = {.ws_row = height, .ws_col = width};
	if (session->tty && session->outputs[0].fd >= 0)
		(void)ioctl(session->outputs[0].fd, TIOCSWINSZ, &size); /* one that has just ended is fine */
}

int session_exit_code(const struct session *session)
{
	return WIFSIGNALED(session->status) ? 128 + WTERMSIG(session->status) : WEXITSTATUS(session->status);
}
