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

int terminal_raw(int fd, struct err *err)
{
	static bool registered;
	struct termios mode;
	if (tcgetattr(fd, &mode) < 0)
		return err_sys(err, "terminal");
	terminal.before = mode;
	terminal.fd = fd;
	cfmakeraw(&mode);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &mode) < 0)
		return err_sys(err, "terminal");
	terminal.raw = true;
	if (!registered)
		atexit(terminal_restore);
	registered = true;
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
