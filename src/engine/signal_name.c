#include "engine/signal_name.h"

#include "base/text.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	int number;
} names[] = {
    {"ABRT", SIGABRT},	   {"ALRM", SIGALRM},	{"BUS", SIGBUS},   {"CHLD", SIGCHLD}, {"CLD", SIGCHLD},
    {"CONT", SIGCONT},	   {"FPE", SIGFPE},	{"HUP", SIGHUP},   {"ILL", SIGILL},   {"INT", SIGINT},
    {"IO", SIGIO},	   {"IOT", SIGABRT},	{"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},
    {"PROF", SIGPROF},	   {"PWR", SIGPWR},	{"QUIT", SIGQUIT}, {"SEGV", SIGSEGV}, {"STKFLT", SIGSTKFLT},
    {"STOP", SIGSTOP},	   {"SYS", SIGSYS},	{"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},	   {"TTOU", SIGTTOU},	{"URG", SIGURG},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
    {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"RTMIN", 34},
    {"RTMAX", 64},
};

int signal_parse(const char *text, int *out_number, struct err *err)
{
	enum { RT_FIRST = 34, RT_LAST = 64 };
	struct err unused;
	int64_t number;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	if (number_parse(text, 1, RT_LAST, "signal", &number, &unused) == 0) {
		*out_number = (int)number;
		return 0;
	}
	for (size_t i = 0; i < array_size(names); i++) {
		if (strcasecmp(names[i].name, name) == 0) {
			*out_number = names[i].number;
			return 0;
		}
	}
	bool from_min = strncasecmp(name, "RTMIN+", 6) == 0, from_max = strncasecmp(name, "RTMAX-", 6) == 0;
	if ((from_min || from_max) && number_parse(name + 6, 1, RT_LAST - RT_FIRST, "signal", &number, &unused) == 0) {
		*out_number = from_min ? RT_FIRST + (int)number : RT_LAST - (int)number;
		return 0;
	}
	return err_set(err, EINVAL, "invalid signal: %s", text);
}
