/*
 * top: the processes of a container, read from /proc. Docker runs the host's ps; here its usual forms are done without.
 */
#include "base/file.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX = 65536, FILE_MAX = 1 << 20 };

struct process {
	int64_t pid, ppid, tty, ticks, start; /* ticks: of processor time; start: ticks after boot */
	uint32_t uid;
	char *command;
};

/* One file of a process; false when it has ended meanwhile. */
static bool proc_read(const char *pid, const char *name, struct buf *text)
{
	struct err ignored;
	auto_free char *path = x_printf("/proc/%s/%s", pid, name);
	return file_read(AT_FDCWD, path, text, &ignored) == 0;
}

/* Words behind the name in parentheses, which may hold anything. */
static bool stat_read(const char *pid, struct process *process)
{
	auto_buf text = BUF_INIT(FILE_MAX);
	struct err ignored;
	enum { PPID = 1, TTY = 4, UTIME = 11, STIME = 12, START = 19 };
	if (!proc_read(pid, "stat", &text) || text.len == 0)
		return false;
	const char *end = strrchr(text.data, ')');
	if (!end || end[1] != ' ')
		return false;
	auto_strv char **words = strv_split(end + 2, ' ');
	int64_t user, system;
	return strv_count(words) > START &&
	       number_parse(words[PPID], 0, INT32_MAX, "ppid", &process->ppid, &ignored) == 0 &&
	       number_parse(words[TTY], INT32_MIN, INT32_MAX, "tty", &process->tty, &ignored) == 0 &&
	       number_parse(words[UTIME], 0, INT64_MAX, "utime", &user, &ignored) == 0 &&
	       number_parse(words[STIME], 0, INT64_MAX, "stime", &system, &ignored) == 0 &&
	       number_parse(words[START], 0, INT64_MAX, "start", &process->start, &ignored) == 0 &&
	       (process->ticks = user + system, true);
}

static bool process_read(struct arena *arena, const char *pid, struct process *process)
{
	auto_buf command = BUF_INIT(FILE_MAX);
	auto_free char *path = x_printf("/proc/%s", pid);
	struct stat info;
	struct err ignored;
	if (stat(path, &info) < 0 || number_parse(pid, 1, INT32_MAX, "pid", &process->pid, &ignored) < 0 ||
	    !stat_read(pid, process) || !proc_read(pid, "cmdline", &command))
		return false;
	for (size_t i = 0; i + 1 < command.len; i++)
		command.data[i] = command.data[i] ? command.data[i] : ' ';
	process->uid = info.st_uid;
	if (command.len > 0) {
		process->command = arena_strdup(arena, command.data);
		return true;
	}
	buf_reset(&command);
	if (!proc_read(pid, "comm", &command))
		return false;
	auto_free char *name = x_strdup(buf_str(&command));
	name[strcspn(name, "\n")] = 0;
	process->command = arena_printf(arena, "[%s]", name);
	return true;
}

/* Whether a process is in the container's PID namespace, or, with the host's, below its first process. */
static bool belongs(const char *pid, const char *space, const char *cgroup)
{
	char link[64];
	auto_free char *path = x_printf("/proc/%s/ns/pid", pid);
	ssize_t size = readlink(path, link, sizeof link - 1);
	if (space) {
		link[size > 0 ? size : 0] = 0;
		return text_equal(link, space);
	}
	auto_buf groups = BUF_INIT(FILE_MAX);
	return proc_read(pid, "cgroup", &groups) && strstr(buf_str(&groups), cgroup);
}

static int pid_order(const void *a, const void *b)
{
	int64_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;
	return (x > y) - (x < y);
}

static int processes_read(const struct container *container, struct arena *arena, struct process **out_list,
			  size_t *out_count, struct err *err)
{
	char space[64];
	auto_free char *path = x_printf("/proc/%d/ns/pid", container->pid);
	ssize_t size = readlink(path, space, sizeof space - 1);
	auto_dir DIR *proc = opendir("/proc");
	if (!proc || size < 0)
		return err_sys(err, "read /proc");
	space[size] = 0;
	bool host = text_equal(container->document.host.pid_mode ? container->document.host.pid_mode : "", "host");
	struct process *list = arena_array(arena, struct process, 64);
	size_t count = 0, room = 64;
	const struct dirent *entry;
	while ((entry = readdir(proc)) && count < PROCESSES_MAX) {
		struct process process = {0};
		if (!text_is_digits(entry->d_name) || !belongs(entry->d_name, host ? NULL : space, container->id) ||
		    !process_read(arena, entry->d_name, &process))
			continue;
		if (count == room) {
			struct process *larger = arena_array(arena, struct process, 2 * room);
			memcpy(larger, list, count * sizeof *list);
			list = larger;
			room *= 2;
		}
		list[count++] = process;
	}
	qsort(list, count, sizeof *list, pid_order);
	*out_list = list;
	*out_count = count;
	return 0;
}

/* --- columns --- */

static char *uid_text(const struct process *process, struct arena *arena)
{
	return process->uid == 0 ? (char *)"root" : arena_printf(arena, "%u", process->uid);
}

static char *pid_text(const struct process *process, struct arena *arena)
{
	return arena_printf(arena, "%lld", (long long)process->pid);
}

static char *ppid_text(const struct process *process, struct arena *arena)
{
	return arena_printf(arena, "%lld", (long long)process->ppid);
}

static char *c_text(const struct process *process, struct arena *arena)
{
	(void)process;
	(void)arena;
	return (char *)"0";
}

static char *stime_text(const struct process *process, struct arena *arena)
{
	struct timespec now, up;
	char text[16];
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	time_t start = now.tv_sec - up.tv_sec + (time_t)(process->start / sysconf(_SC_CLK_TCK));
	localtime_r(&start, &tm);
	strftime(text, sizeof text, now.tv_sec - start < 86400 ? "%H:%M" : "%b%d", &tm);
	return arena_strdup(arena, text);
}

static char *tty_text(const struct process *process, struct arena *arena)
{
	unsigned device = (unsigned)process->tty;
	if (device == 0)
		return (char *)"?";
	return major(device) == 136 ? arena_printf(arena, "pts/%u", minor(device))
				    : arena_printf(arena, "tty%u", minor(device));
}

static char *time_text(const struct process *process, struct arena *arena)
{
	int64_t seconds = process->ticks / sysconf(_SC_CLK_TCK);
	return arena_printf(arena, "%02lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
			    (long long)(seconds % 60));
}

static char *cmd_text(const struct process *process, struct arena *arena)
{
	(void)arena;
	return process->command;
}

static const struct column {
	const char *word, *title; /* word: as `ps -o` names it */
	char *(*text)(const struct process *process, struct arena *arena);
} columns[] = {
    {"user", "UID", uid_text},	    {"pid", "PID", pid_text}, {"ppid", "PPID", ppid_text}, {"c", "C", c_text},
    {"stime", "STIME", stime_text}, {"tty", "TTY", tty_text}, {"time", "TIME", time_text}, {"cmd", "CMD", cmd_text},
};

static const struct column *column_find(const char *word)
{
	static const char *const same[][2] = {
	    {"uid", "user"}, {"args", "cmd"}, {"command", "cmd"}, {"comm", "cmd"}, {"start", "stime"}};
	for (size_t i = 0; i < array_size(same); i++) {
		if (text_equal(word, same[i][0]))
			word = same[i][1];
	}
	for (size_t i = 0; i < array_size(columns); i++) {
		if (text_equal(word, columns[i].word))
			return &columns[i];
	}
	return NULL;
}

/* "-ef", "-o pid,cmd", "-eo pid,cmd", "-opid,cmd". */
static int columns_choose(struct arena *arena, const char *arguments, const struct column ***out_columns,
			  size_t *out_count, struct err *err)
{
	const char *wanted = NULL;
	if (text_after(arguments, "-eo"))
		wanted = arguments + 3;
	else if (text_after(arguments, "-o"))
		wanted = arguments + 2;
	else if (!text_equal(arguments, "-ef") && !text_empty(arguments))
		return err_set(err, EOPNOTSUPP, "ps_args \"%s\": known, but not supported yet: -ef, or -o with columns",
			       arguments);
	const struct column **list = arena_array(arena, const struct column *, 64);
	size_t count = 0;
	if (!wanted) {
		for (; count < array_size(columns); count++)
			list[count] = &columns[count];
	} else {
		auto_strv char **words = strv_split(wanted + strspn(wanted, " "), ',');
		for (char **word = words; *word && count < 64; word++) {
			list[count] = column_find(*word);
			if (!list[count++])
				return err_set(err, EINVAL, "ps_args: unknown column \"%s\"", *word);
		}
	}
	*out_columns = list;
	*out_count = count;
	return 0;
}

int engine_top(struct engine *engine, struct arena *arena, const char *name, const char *ps_args,
	       struct container_top *out_top, struct err *err)
{
	struct container *container;
	const struct column **chosen;
	struct process *list;
	size_t column_count, count;
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "container %s is not running", container->id);
	rc = columns_choose(arena, ps_args, &chosen, &column_count, err);
	if (rc == 0)
		rc = processes_read(container, arena, &list, &count, err);
	if (rc < 0)
		return rc;
	out_top->titles = arena_array(arena, char *, column_count + 1);
	for (size_t i = 0; i < column_count; i++)
		out_top->titles[i] = (char *)chosen[i]->title;
	out_top->processes.items = arena_array(arena, struct string_row, count + 1);
	out_top->processes.count = count;
	for (size_t i = 0; i < count; i++) {
		char **cells = arena_array(arena, char *, column_count + 1);
		for (size_t k = 0; k < column_count; k++)
			cells[k] = chosen[k]->text(&list[i], arena);
		out_top->processes.items[i].values = cells;
	}
	container_event(container, "top", NULL);
	return 0;
}
