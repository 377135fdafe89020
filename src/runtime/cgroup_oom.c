#include "runtime/cgroup_oom.h"

#include "base/file.h"
#include "runtime/cgroup_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { COUNTER_MAX = 4096 };

static uint64_t kills_read(int file)
{
	char text[COUNTER_MAX];
	uint64_t kills = 0;
	ssize_t size = pread(file, text, sizeof text - 1, 0);
	if (size <= 0)
		return 0;
	text[size] = 0;
	return cgroup_find_number(text, "oom_kill", &kills) ? kills : 0;
}

/* Documentation/admin-guide/cgroup-v1/memory.rst, 10: "<event_fd> <fd of memory.oom_control>" */
static int watch_v1(int dir, int file, int *out_fd, struct err *err)
{
	char text[48];
	auto_fd int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, "eventfd");
	snprintf(text, sizeof text, "%d %d", fd, file);
	int rc = file_control(dir, "cgroup.event_control", text, err);
	if (rc == 0)
		*out_fd = take_fd(&fd);
	return rc;
}

static int watch_v2(int dir, int *out_fd, struct err *err)
{
	auto_fd int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	auto_free char *path = x_printf("/proc/self/fd/%d/memory.events", dir);
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_DELETE_SELF) < 0)
		return err_sys(err, "watch memory.events");
	*out_fd = take_fd(&fd);
	return 0;
}

int cgroup_oom_watch(const char *cgroup, struct cgroup_oom *out_watch, struct err *err)
{
	bool v2 = cgroup_mode() == CGROUP_V2;
	auto_fd int dir = -1, file = -1, fd = -1;
	int rc = cgroup_open(v2 ? "" : "memory", cgroup, false, &dir, err);
	if (rc < 0)
		return err_wrap(err, "watch the memory of %s", cgroup);
	file = openat(dir, v2 ? "memory.events" : "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return err_sys(err, "watch the memory of %s", cgroup);
	rc = v2 ? watch_v2(dir, &fd, err) : watch_v1(dir, file, &fd, err);
	if (rc < 0)
		return err_wrap(err, "watch the memory of %s", cgroup);
	*out_watch = (struct cgroup_oom){.kills = kills_read(file), .fd = take_fd(&fd), .file = take_fd(&file)};
	return 0;
}

uint64_t cgroup_oom_read(struct cgroup_oom *watch)
{
	char events[COUNTER_MAX];
	while (read(watch->fd, events, sizeof events) > 0)
		continue;
	uint64_t now = kills_read(watch->file), before = watch->kills;
	if (now <= before) /* the group is gone, or something else was told */
		return 0;
	watch->kills = now;
	return now - before;
}

void cgroup_oom_done(struct cgroup_oom *watch)
{
	cleanup_fd(&watch->fd);
	cleanup_fd(&watch->file);
	watch->fd = watch->file = -1;
}
