#include "runtime_cli/console.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

/* --- the console socket --- */

int console_socket_connect(const char *path, int *out_socket, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), place = -1;
	if (fd < 0)
		return err_sys(err, "console socket");
	/* A name that is too long for an address is reached through its descriptor. */
	if (strlen(path) >= sizeof address.sun_path) {
		place = open(path, O_PATH | O_CLOEXEC);
		if (place < 0)
			return err_sys(err, "console socket %s", path);
		snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
	} else {
		memcpy(address.sun_path, path, strlen(path));
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(err, "console socket %s", path);
	*out_socket = take_fd(&fd);
	return 0;
}

int console_socket_send(int socket_taken, int master_taken, struct err *err)
{
	auto_fd int socket = socket_taken, master = master_taken;
	char name[64] = "/dev/ptmx";
	unsigned number;
	if (ioctl(master, TIOCGPTN, &number) == 0)
		snprintf(name, sizeof name, "/dev/pts/%u", number);
	int rc = fd_send(socket, name, strlen(name), &master, 1);
	return rc < 0 ? err_set(err, -rc, "console socket: %s", strerror(-rc)) : 0;
}

/* --- the foreground --- */

static sigset_t original;

void console_block(void)
{
	sigset_t all;
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &original);
}

enum { PIECE = 32 << 10 };

struct pump { /* bytes on their way from one descriptor to another */
	int from, to;
	char data[PIECE];
	size_t start, end;
	bool over;
};

static void pump_read(struct pump *pump)
{
	ssize_t size = read(pump->from, pump->data, sizeof pump->data);
	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (size <= 0) {
		pump->over = true;
		return;
	}
	pump->start = 0;
	pump->end = (size_t)size;
}

static void pump_write(struct pump *pump)
{
	ssize_t size = write(pump->to, pump->data + pump->start, pump->end - pump->start);
	if (size < 0 && errno != EINTR && errno != EAGAIN) {
		pump->over = true;
		pump->start = pump->end = 0;
	}
	if (size > 0)
		pump->start += (size_t)size;
}

static void size_copy(int master)
{
	struct winsize size;
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGABRT;
}

/* True when pid has ended. Orphans of the container come to us, as its reaper. */
static bool reap(pid_t pid, int *out_status)
{
	bool ended = false;
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, WNOHANG);
		if (got <= 0)
			return ended || (got < 0 && errno == ECHILD);
		if (got == pid) {
			*out_status = status;
			ended = true;
		}
	}
}

static bool signal_take(int fd, pid_t pid, int master, int *out_status)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
		return false;
	int number = (int)info.ssi_signo;
	if (number == SIGCHLD)
		return reap(pid, out_status);
	if (number == SIGWINCH && master >= 0)
		size_copy(master);
	/* What we did to ourselves, and what the kernel uses to wake runtimes, is not the container's. */
	else if (number != SIGPIPE && number != SIGURG && !is_fault(number))
		(void)kill(pid, number);
	return false;
}

static void drain(struct pump *out)
{
	enum { PATIENCE_MS = 50 };
	for (struct pollfd wait = {.fd = out->from, .events = POLLIN}; !out->over;) {
		while (out->end > out->start && !out->over)
			pump_write(out);
		if (out->over || poll(&wait, 1, PATIENCE_MS) <= 0)
			return;
		pump_read(out);
	}
}

/* ended: there is nothing but output to be had. */
static void attend(int signals, pid_t pid, int master, bool ended, int *out_status)
{
	static struct pump in, out;
	in = (struct pump){.from = 0, .to = master, .over = master < 0};
	out = (struct pump){.from = master, .to = 1, .over = master < 0};
	while (!ended) {
		struct pollfd set[3] = {{.fd = signals, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
		bool in_full = in.end > in.start, out_full = out.end > out.start;
		if (!in.over)
			set[1] = (struct pollfd){.fd = in_full ? in.to : in.from, .events = in_full ? POLLOUT : POLLIN};
		if (!out.over)
			set[2] =
			    (struct pollfd){.fd = out_full ? out.to : out.from, .events = out_full ? POLLOUT : POLLIN};
		if (poll(set, array_size(set), -1) < 0)
			continue;
		if (set[1].revents)
			in_full ? pump_write(&in) : pump_read(&in);
		if (set[2].revents)
			out_full ? pump_write(&out) : pump_read(&out);
		ended = set[0].revents && signal_take(signals, pid, master, out_status);
	}
	if (master >= 0)
		drain(&out);
}

void console_prepare(int master)
{
	struct termios mode;
	if (master < 0)
		return;
	if (tcgetattr(master, &mode) == 0) {
		mode.c_oflag &= ~(tcflag_t)ONLCR;
		(void)tcsetattr(master, TCSANOW, &mode);
	}
	size_copy(master);
}

/* Keys go to the container as they are typed. */
static bool terminal_raw(struct termios *out_before)
{
	struct termios mode;
	if (tcgetattr(0, out_before) < 0)
		return false;
	mode = *out_before;
	cfmakeraw(&mode);
	mode.c_oflag |= OPOST;
	return tcsetattr(0, TCSANOW, &mode) == 0;
}

int console_attend(pid_t pid, int master, int *out_status, struct err *err)
{
	struct termios before;
	sigset_t all;
	sigfillset(&all);
	auto_fd int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, "signalfd");
	bool raw = master >= 0 && terminal_raw(&before);
	*out_status = 0;
	attend(signals, pid, master, reap(pid, out_status), out_status);
	if (raw)
		(void)tcsetattr(0, TCSANOW, &before);
	(void)sigprocmask(SIG_SETMASK, &original, NULL);
	return 0;
}
