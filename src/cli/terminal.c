#include "cli/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

/* One process has one terminal; exit() must find it. */
static struct {
	int fd;
	bool raw;
	struct termios before;
} terminal;

void terminal_restore(void)
{
	if (terminal.raw)
		(void)tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
	terminal.raw = false;
}

/* The mode as it is, to be restored at exit. */
static int terminal_keep(int fd, struct termios *out_mode, struct err *err)
{
	static bool registered;
	if (tcgetattr(fd, out_mode) < 0)
		return err_sys(err, "terminal");
	terminal.before = *out_mode;
	terminal.fd = fd;
	if (!registered)
		atexit(terminal_restore);
	registered = true;
	return 0;
}

int terminal_raw(int fd, struct err *err)
{
	struct termios mode;
	int rc = terminal_keep(fd, &mode, err);
	if (rc < 0)
		return rc;
	cfmakeraw(&mode);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &mode) < 0)
		return err_sys(err, "terminal");
	terminal.raw = true;
	return 0;
}

int terminal_echo(int fd, bool on, struct err *err)
{
	struct termios mode;
	if (on) {
		terminal_restore();
		return 0;
	}
	int rc = terminal_keep(fd, &mode, err);
	if (rc < 0)
		return rc;
	mode.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSADRAIN, &mode) < 0)
		return err_sys(err, "terminal");
	terminal.raw = true;
	return 0;
}

bool terminal_size(uint16_t *out_height, uint16_t *out_width)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return false;
	*out_height = size.ws_row;
	*out_width = size.ws_col;
	return true;
}
