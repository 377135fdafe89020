#include "monitor/oom_line.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 8192 };

/* The last place of `part`: a name in front of it may hold anything. */
static const char *last_of(const char *text, const char *part)
{
	const char *found = NULL;
	for (const char *at = text; (at = strstr(at, part)); at++)
		found = at;
	return found;
}

bool oom_line_read(const char *line, const char *cgroup, pid_t *out_pid, char *out_name, size_t name_room)
{
	const char *start = strstr(line, "oom-kill:constraint=");
	const char *group = start ? strstr(start, "task_memcg=") : NULL;
	const char *task = group ? strstr(group, ",task=") : NULL;
	const char *pid = task ? last_of(task + 1, ",pid=") : NULL;
	const char *uid = pid ? last_of(pid + 1, ",uid=") : NULL;
	char digits[16];
	struct err ignored;
	int64_t number;
	if (!uid)
		return false;
	/* In it, or in a group below it. */
	const char *found = strstr(group, cgroup);
	if (!found || found >= task || (found[strlen(cgroup)] != ',' && found[strlen(cgroup)] != '/'))
		return false;
	size_t size = (size_t)(uid - pid) - strlen(",pid="), length = (size_t)(pid - task) - strlen(",task=");
	if (size >= sizeof digits)
		return false;
	memcpy(digits, pid + strlen(",pid="), size);
	digits[size] = 0;
	if (number_parse(digits, 1, INT32_MAX, "pid", &number, &ignored) < 0)
		return false;
	*out_pid = (pid_t)number;
	snprintf(out_name, name_room, "%.*s", (int)(length < name_room ? length : name_room - 1),
		 task + strlen(",task="));
	return true;
}

bool oom_victim_find(const char *cgroup, pid_t *out_pid, char *out_name, size_t name_room)
{
	char record[RECORD_MAX];
	bool found = false;
	auto_fd int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	while (fd >= 0) {
		ssize_t size = read(fd, record, sizeof record - 1);
		if (size < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL))
			continue; /* overwritten before we read it, or longer than any of ours */
		if (size <= 0)
			break;
		record[size] = 0;
		found = oom_line_read(record, cgroup, out_pid, out_name, name_room) || found;
	}
	return found;
}
