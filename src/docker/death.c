#include "docker/death.h"

#include "base/text.h"
#include "docker/size.h"

#include <signal.h>
#include <string.h>

JSON_TYPE(death_oom, F_I64(struct death_oom, limit, "Limit", 0), F_I64(struct death_oom, kills, "Kills", 0),
	  F_I64(struct death_oom, victim_pid, "VictimPid", 0), F_STR(struct death_oom, victim_name, "VictimName", 0));

JSON_TYPE(container_death, F_STR(struct container_death, kind, "Kind", 0),
	  F_STR(struct container_death, reason, "Reason", 0), F_I64(struct container_death, exit_code, "ExitCode", 0),
	  F_I64(struct container_death, signal, "Signal", JSON_OMIT),
	  F_STR(struct container_death, signal_name, "SignalName", JSON_OMIT),
	  F_STR(struct container_death, sender, "Sender", JSON_OMIT),
	  F_STR(struct container_death, step, "Step", JSON_OMIT),
	  F_POINTER(struct container_death, oom, "OOM", JSON_OMIT, death_oom));

/* What the kernel says of a signal that it sends on its own. */
static const struct {
	int number;
	const char *name, *cause; /* cause: NULL where it is somebody's will */
} signals[] = {
    {SIGHUP, "SIGHUP", NULL},
    {SIGINT, "SIGINT", NULL},
    {SIGQUIT, "SIGQUIT", NULL},
    {SIGILL, "SIGILL", "an illegal instruction"},
    {SIGTRAP, "SIGTRAP", "a trap"},
    {SIGABRT, "SIGABRT", NULL},
    {SIGBUS, "SIGBUS", "a bad memory access"},
    {SIGFPE, "SIGFPE", "an arithmetic fault"},
    {SIGKILL, "SIGKILL", NULL},
    {SIGUSR1, "SIGUSR1", NULL},
    {SIGSEGV, "SIGSEGV", "an invalid memory access"},
    {SIGUSR2, "SIGUSR2", NULL},
    {SIGPIPE, "SIGPIPE", "writing to a pipe that nobody reads"},
    {SIGALRM, "SIGALRM", "its own alarm"},
    {SIGTERM, "SIGTERM", NULL},
    {SIGSTKFLT, "SIGSTKFLT", NULL},
    {SIGIO, "SIGIO", NULL},
    {SIGXCPU, "SIGXCPU", "its limit of CPU time"},
    {SIGXFSZ, "SIGXFSZ", "its limit of file size"},
    {SIGVTALRM, "SIGVTALRM", "its own timer"},
    {SIGPROF, "SIGPROF", "its own timer"},
    {SIGPWR, "SIGPWR", NULL},
    {SIGSYS, "SIGSYS", "a system call that is not allowed"},
};

const char *death_signal_name(struct arena *arena, int number)
{
	enum { RT_FIRST = 34, RT_LAST = 64 };
	for (size_t i = 0; i < array_size(signals); i++) {
		if (signals[i].number == number)
			return signals[i].name;
	}
	if (number >= RT_FIRST && number <= RT_LAST)
		return number == RT_FIRST ? "SIGRTMIN" : arena_printf(arena, "SIGRTMIN+%d", number - RT_FIRST);
	return arena_printf(arena, "signal %d", number);
}

static const char *kernel_cause(int number)
{
	for (size_t i = 0; i < array_size(signals); i++) {
		if (signals[i].number == number)
			return signals[i].cause;
	}
	return NULL;
}

/* "the kernel killed busybox (process 12) at the limit of 16MiB" */
static const char *oom_text(struct arena *arena, const struct death_oom *oom)
{
	char limit[SIZE_TEXT];
	auto_buf text = BUF_INIT(1024);
	buf_text(&text, "the kernel killed ");
	if (oom->victim_pid > 0)
		buf_printf(&text, "%s (process %lld)", text_empty(oom->victim_name) ? "its process" : oom->victim_name,
			   (long long)oom->victim_pid);
	else
		buf_text(&text, "a process of it");
	if (oom->limit > 0) {
		size_binary(oom->limit, limit);
		buf_printf(&text, " at the memory limit of %s", limit);
	} else {
		buf_text(&text, " for want of memory");
	}
	if (oom->kills > 1)
		buf_printf(&text, ", the last of %lld", (long long)oom->kills);
	return arena_strdup(arena, buf_str(&text));
}

static const char *asked_text(enum death_cause cause)
{
	return cause == DEATH_STOP     ? "the user stopped it"
	       : cause == DEATH_KILL   ? "the user killed it"
	       : cause == DEATH_REMOVE ? "the user removed it by force"
				       : "its health check failed";
}

static bool is_asked(enum death_cause cause)
{
	return cause == DEATH_STOP || cause == DEATH_KILL || cause == DEATH_REMOVE || cause == DEATH_HEALTH;
}

static void asked_describe(struct arena *arena, const struct death_facts *facts, struct container_death *death)
{
	const char *asked = asked_text(facts->cause), *sent = death_signal_name(arena, facts->sent);
	bool health = facts->cause == DEATH_HEALTH;
	death->sender = (char *)(health ? "engine" : "user");
	death->kind = (char *)(health ? "health" : facts->signal ? "signal" : "exit");
	if (facts->grace_over && facts->signal == SIGKILL)
		death->reason = arena_printf(arena, "%s; it did not end within %lld seconds and was killed (SIGKILL)",
					     asked, (long long)facts->grace_s);
	else if (facts->signal)
		death->reason = arena_printf(arena, "%s: ended by %s through the engine", asked,
					     death_signal_name(arena, facts->signal));
	else
		death->reason =
		    arena_printf(arena, "%s (%s): it ended with exit code %d", asked, sent, facts->exit_code);
	if (health && !text_empty(facts->error))
		death->reason = arena_printf(arena, "%s; the last check said: %.200s", death->reason, facts->error);
}

static void signal_describe(struct arena *arena, const struct death_facts *facts, struct container_death *death)
{
	const char *cause = kernel_cause(facts->signal), *name = death_signal_name(arena, facts->signal);
	const char *core = facts->core ? ", its core was dumped" : "";
	death->kind = (char *)"signal";
	if (facts->sent == facts->signal) {
		death->sender = (char *)"user";
		death->reason = arena_printf(arena, "ended by %s that the user sent through the engine%s", name, core);
	} else if (cause) {
		death->sender = (char *)"kernel";
		death->reason = arena_printf(arena, "ended by the kernel with %s: %s%s", name, cause, core);
	} else {
		death->sender = (char *)"process";
		death->reason =
		    arena_printf(arena, "ended by %s from another process, not through the engine%s", name, core);
	}
}

static void exit_describe(struct arena *arena, const struct death_facts *facts, struct container_death *death)
{
	int reported = facts->exit_code > 128 && facts->exit_code <= 128 + 64 ? facts->exit_code - 128 : 0;
	death->kind = (char *)"exit";
	death->sender = (char *)"";
	if (facts->exit_code == 0)
		death->reason = (char *)"ended by itself, with success (exit code 0)";
	else if (reported)
		death->reason = arena_printf(arena,
					     "ended by itself with exit code %d, as a shell reports a program that %s "
					     "ended",
					     facts->exit_code, death_signal_name(arena, reported));
	else
		death->reason = arena_printf(arena, "ended by itself with exit code %d", facts->exit_code);
}

static void oom_describe(struct arena *arena, const struct death_facts *facts, struct container_death *death)
{
	const char *what = oom_text(arena, &facts->oom);
	bool first = facts->oom.victim_pid == 0 || facts->oom.victim_pid == facts->pid;
	death->kind = (char *)"oom";
	death->sender = (char *)"kernel";
	if (facts->signal == SIGKILL && first)
		death->reason = arena_printf(arena, "ran out of memory: %s", what);
	else if (facts->signal)
		death->reason = arena_printf(arena, "ran out of memory: %s; then %s ended the container", what,
					     death_signal_name(arena, facts->signal));
	else
		death->reason = arena_printf(arena, "ran out of memory: %s; then the container ended with exit code %d",
					     what, facts->exit_code);
}

void death_describe(struct arena *arena, const struct death_facts *facts, struct container_death *out_death)
{
	struct container_death death = {.exit_code = facts->exit_code,
					.signal = facts->signal,
					.sender = (char *)"",
					.step = (char *)"",
					.signal_name = (char *)""};
	if (facts->signal)
		death.signal_name = (char *)death_signal_name(arena, facts->signal);
	if (facts->oom.kills > 0) {
		death.oom = arena_new(arena, struct death_oom);
		*death.oom = facts->oom;
		death.oom->victim_name = arena_strdup(arena, facts->oom.victim_name ? facts->oom.victim_name : "");
	}
	if (facts->cause == DEATH_START) {
		death.kind = (char *)"start";
		death.step = arena_strdup(arena, facts->step ? facts->step : "");
		death.reason = arena_printf(arena, "could not be started (%s): %s", death.step, facts->error);
	} else if (facts->cause == DEATH_MONITOR) {
		death.kind = (char *)"monitor";
		death.sender = (char *)"process";
		death.reason = (char *)"its monitor was killed from outside, and the container ended with it";
	} else if (facts->cause == DEATH_REBOOT) {
		death.kind = (char *)"reboot";
		death.reason = (char *)"the machine was restarted or lost its power while it ran";
	} else if (is_asked(facts->cause)) {
		asked_describe(arena, facts, &death);
	} else if (facts->oom.kills > 0 && (facts->signal == SIGKILL || facts->exit_code != 0)) {
		oom_describe(arena, facts, &death);
	} else if (facts->signal) {
		signal_describe(arena, facts, &death);
	} else {
		exit_describe(arena, facts, &death);
	}
	*out_death = death;
}
