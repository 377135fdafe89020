#include "runtime/cgroup_child.h"

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { END_ROUNDS = 40 };

/* The hierarchy that lists processes: v2's own, else the freezer's. */
static int parent_open(const char *cgroup, int *out_fd, struct err *err)
{
	const char *roots[] = {"/sys/fs/cgroup/freezer", "/sys/fs/cgroup"};
	const char *name = cgroup + (cgroup[0] == '/');
	int rc = -ENOENT;
	for (size_t i = 0; i < array_size(roots); i++) {
		auto_fd int top = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC), found = -1;
		if (top < 0)
			continue;
		rc = path_open(top, name, PATH_BENEATH, O_RDONLY | O_DIRECTORY, 0, &found, err);
		if (rc == 0) {
			*out_fd = take_fd(&found);
			return 0;
		}
	}
	return rc == -ENOENT ? err_set(err, ENOENT, "cgroup %s is not there", cgroup) : rc;
}

int cgroup_child_make(const char *cgroup, const char *name, pid_t pid, struct err *err)
{
	auto_fd int parent = -1;
	char text[24];
	int rc = parent_open(cgroup, &parent, err);
	if (rc < 0)
		return rc;
	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make cgroup %s/%s", cgroup, name);
	auto_fd int child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (child < 0)
		return err_sys(err, "cgroup %s/%s", cgroup, name);
	snprintf(text, sizeof text, "%d", (int)pid);
	rc = file_control(child, "cgroup.procs", text, err);
	if (rc < 0)
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	return rc;
}

static void all_kill(int group)
{
	auto_buf text = BUF_INIT(1 << 20);
	struct err ignored;
	if (file_control(group, "cgroup.kill", "1", &ignored) == 0 ||
	    file_read(group, "cgroup.procs", &text, &ignored) < 0)
		return;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		int64_t pid;
		if (number_parse(*line, 2, INT32_MAX, "pid", &pid, &ignored) == 0)
			(void)kill((pid_t)pid, SIGKILL);
	}
}

void cgroup_child_end(const char *cgroup, const char *name)
{
	auto_fd int parent = -1;
	struct err ignored;
	if (parent_open(cgroup, &parent, &ignored) < 0)
		return;
	for (int round = 0; round < END_ROUNDS; round++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		auto_fd int child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			return;
		all_kill(child);
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* what was killed is still going */
	}
}
