#include "engine/stuck.h"

#include "base/file.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "runtime/cgroup_process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PROCESSES_SHOWN = 3 };

static const struct {
	char letter;
	const char *words;
} states[] = {{'D', "disk sleep"}, {'T', "stopped"},  {'t', "traced"}, {'S', "sleeping"},
	      {'R', "running"},	   {'Z', "a zombie"}, {'X', "dead"}};

/* One line of /proc/PID/NAME. */
static bool proc_line(pid_t pid, const char *name, struct buf *out)
{
	auto_free char *path = x_printf("/proc/%d/%s", (int)pid, name);
	struct err ignored;
	if (file_read(AT_FDCWD, path, out, &ignored) < 0)
		return false;
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = 0;
	return true;
}

/* " (cat) is in D (disk sleep) at f". */
static bool process_show(pid_t pid, struct buf *text)
{
	auto_buf stat = BUF_INIT(4096), place = BUF_INIT(256);
	if (!proc_line(pid, "stat", &stat))
		return false;
	/* The name may hold anything, parentheses too; the state follows the last one. */
	const char *name = strchr(buf_str(&stat), '('), *end = strrchr(buf_str(&stat), ')');
	if (!name || !end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
		return false;
	const char *words = "in an unknown state";
	for (size_t i = 0; i < array_size(states); i++) {
		if (states[i].letter == end[2])
			words = states[i].words;
	}
	buf_printf(text, "%sprocess %d %.*s is stuck in %c (%s)", text->len ? ", " : "", (int)pid,
		   (int)(end + 1 - name), name, end[2], words);
	if (proc_line(pid, "wchan", &place) && place.len > 0 && !text_equal(place.data, "0"))
		buf_printf(text, " at %s", place.data);
	return true;
}

char *stuck_text(const struct container *container)
{
	auto_free char *cgroup = container_cgroup(container);
	auto_buf text = BUF_INIT(4096);
	auto_free pid_t *pids = NULL;
	size_t count = 0, shown = 0;
	struct err ignored;
	bool frozen = false;
	if (cgroup_pids(cgroup, &pids, &count, &ignored) < 0)
		count = 0;
	for (size_t i = 0; i < count && shown < PROCESSES_SHOWN; i++)
		shown += process_show(pids[i], &text);
	if (cgroup_frozen(cgroup, &frozen, &ignored) == 0 && frozen)
		buf_printf(&text, "%sits control group is frozen from outside", text.len ? "; " : "");
	return text.len ? buf_take(&text) : x_strdup("nothing of it is left, but its monitor does not say so");
}
