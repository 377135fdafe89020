#include "cli/session.h"

#include "base/fd.h"
#include "base/text.h"
#include "cli/detach_keys.h"
#include "cli/stdcopy.h"
#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum { PIECE = 32 << 10 };

struct pump {
	struct session *session;
	struct key_sequence keys;
	struct stdcopy copy;
	struct buf pending; /* to the container */
	bool in_open;
	bool in_ended; /* and not yet told */
	bool detached;
};

/* --- signals --- */

/* Those that are for the container; faults of ours, job control and the terminal's are not. */
static void proxied_signals(sigset_t *set)
{
	static const int kept[] = {SIGCHLD, SIGPIPE, SIGURG,  SIGSEGV, SIGBUS,	SIGFPE,	  SIGILL, SIGABRT,
				   SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGSYS};
	sigfillset(set);
	for (size_t i = 0; i < array_size(kept); i++)
		sigdelset(set, kept[i]);
}

static sigset_t watched;

void session_signals(bool sig_proxy)
{
	static const int ends[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT}; /* the terminal is restored before */
	sigemptyset(&watched);
	if (sig_proxy)
		proxied_signals(&watched);
	for (size_t i = 0; i < array_size(ends); i++)
		sigaddset(&watched, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &watched, NULL);
}

void session_resize(struct session *session)
{
	uint16_t height, width;
	struct err ignored;
	if (!session->tty || !session->resize_path || !terminal_size(&height, &width) || height == 0 || width == 0)
		return;
	auto_free char *path = x_printf("%s?h=%u&w=%u", session->resize_path, height, width);
	const struct client_request request = {.method = "POST", .path = path};
	if (client_call(&session->cli->client, &request, NULL, NULL, &ignored) < 0)
		return; /* it has ended, or starts with the size that create has told */
}

static void signal_pass(struct session *session, int fd)
{
	struct signalfd_siginfo info;
	struct err ignored;
	if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH) {
		session_resize(session);
		return;
	}
	if (!session->kill_path || session->tty) {
		/* Ours: with a terminal, keys arrive as bytes and only others send signals. */
		terminal_restore();
		exit(128 + (int)info.ssi_signo);
	}
	auto_free char *path = x_printf("%s?signal=%u", session->kill_path, info.ssi_signo);
	const struct client_request request = {.method = "POST", .path = path};
	if (client_call(&session->cli->client, &request, NULL, NULL, &ignored) < 0)
		return; /* not started yet, or ended: nobody is there to get it */
}

/* --- output --- */

static int output_write(struct pump *pump, const char *data, size_t size, struct err *err)
{
	if (pump->session->tty) {
		int rc = fd_write_full(STDOUT_FILENO, data, size);
		return rc < 0 ? err_set(err, -rc, "write to standard output") : 0;
	}
	while (size > 0) {
		enum stdcopy_stream stream;
		const char *piece;
		size_t used, count;
		int rc = stdcopy_read(&pump->copy, data, size, &used, &stream, &piece, &count, err);
		if (rc < 0)
			return rc;
		if (stream == STDCOPY_FAULT && count > 0)
			return err_set(err, EIO, "error from daemon in stream: %.*s", (int)count, piece);
		rc = fd_write_full(stream == STDCOPY_ERR ? STDERR_FILENO : STDOUT_FILENO, piece, count);
		if (rc < 0)
			return err_set(err, -rc, "write to standard %s", stream == STDCOPY_ERR ? "error" : "output");
		data += used;
		size -= used;
	}
	return 0;
}

/* --- input --- */

static int input_read(struct pump *pump, struct err *err)
{
	char data[PIECE], keys[PIECE + KEY_SEQUENCE_MAX];
	ssize_t size = read(STDIN_FILENO, data, sizeof data);
	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (size < 0 && errno != EIO)
		return err_sys(err, "read from standard input");
	if (size <= 0) { /* EIO: the terminal has gone */
		pump->in_open = false;
		pump->in_ended = true;
		return 0;
	}
	if (!pump->session->tty) {
		buf_append(&pump->pending, data, (size_t)size);
		return 0;
	}
	size_t count;
	pump->detached = key_sequence_filter(&pump->keys, data, (size_t)size, keys, &count);
	buf_append(&pump->pending, keys, count);
	return 0;
}

/* Sends what the container takes now. A container that reads no more is no fault of ours. */
static void input_send(struct pump *pump)
{
	int fd = pump->session->stream->fd;
	if (pump->pending.len > 0) {
		ssize_t size = send(fd, pump->pending.data, pump->pending.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size > 0)
			buf_consume(&pump->pending, (size_t)size);
		else if (size < 0 && errno != EAGAIN && errno != EINTR)
			buf_reset(&pump->pending);
	}
	if (pump->pending.len == 0 && pump->in_ended) {
		shutdown(fd, SHUT_WR);
		pump->in_ended = false;
	}
}

/* --- the two together --- */

/* What arrived with the head first, then from the socket. 0 at the end, 1 while it goes on. */
static int output_read(struct pump *pump, struct err *err)
{
	struct client_stream *stream = pump->session->stream;
	char data[PIECE];
	ssize_t size = recv(stream->fd, data, sizeof data, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (size < 0 && errno != ECONNRESET)
		return err_sys(err, "the container's stream");
	if (size <= 0)
		return 0;
	int rc = output_write(pump, data, (size_t)size, err);
	return rc < 0 ? rc : 1;
}

static int pump_loop(struct pump *pump, int signals, struct err *err)
{
	struct client_stream *stream = pump->session->stream;
	int rc = output_write(pump, buf_str(&stream->in), stream->in.len, err);
	buf_done(&stream->in);
	while (rc >= 0) {
		bool sends = pump->pending.len > 0;
		struct pollfd fds[] = {
		    {.fd = stream->fd, .events = (short)(POLLIN | (sends ? POLLOUT : 0))},
		    {.fd = pump->in_open && !sends ? STDIN_FILENO : -1, .events = POLLIN},
		    {.fd = signals, .events = POLLIN},
		};
		if (poll(fds, array_size(fds), -1) < 0 && errno != EINTR)
			return err_sys(err, "poll");
		if (fds[2].revents)
			signal_pass(pump->session, signals);
		if (fds[1].revents)
			rc = input_read(pump, err);
		input_send(pump);
		if (pump->detached)
			return 0;
		if (rc >= 0 && fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			rc = output_read(pump, err);
			if (rc == 0)
				return 0;
		}
	}
	return rc;
}

int session_run(struct session *session, enum session_end *out_end, struct err *err)
{
	struct pump pump = {
	    .session = session, .pending = BUF_INIT(4 * PIECE), .in_open = session->in, .in_ended = !session->in};
	int rc = detach_keys_parse(session->detach_keys, &pump.keys, err);
	if (rc < 0)
		return rc;
	auto_fd int signals = signalfd(-1, &watched, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, "signalfd");
	if (session->tty && session->in && isatty(STDIN_FILENO)) {
		rc = terminal_raw(STDIN_FILENO, err);
		if (rc < 0)
			return rc;
	}
	session_resize(session);
	rc = pump_loop(&pump, signals, err);
	terminal_restore();
	(void)sigprocmask(SIG_UNBLOCK, &watched, NULL); /* what follows may be ended as any program */
	buf_done(&pump.pending);
	if (rc < 0)
		return rc;
	*out_end = pump.detached ? SESSION_DETACHED : SESSION_ENDED;
	return 0;
}
