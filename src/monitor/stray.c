#include "monitor/stray.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 1 << 20 };

static void reap(pid_t pid)
{
	int status;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
}

void stray_reap(bool (*is_known)(pid_t pid))
{
	char path[64];
	auto_buf text = BUF_INIT(CHILDREN_MAX);
	struct err err;
	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if (file_read(AT_FDCWD, path, &text, &err) < 0)
		return;
	auto_strv char **numbers = strv_split(buf_str(&text), ' ');
	for (char **number = numbers; *number; number++) {
		int64_t pid;
		if (**number && number_parse(*number, 1, INT32_MAX, "process", &pid, &err) == 0 &&
		    !is_known((pid_t)pid))
			reap((pid_t)pid);
	}
}
