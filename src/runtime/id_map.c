#include "runtime/id_map.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool id_map_is_first(void)
{
	auto_buf text = BUF_INIT(4096);
	struct err ignored;
	if (file_read(AT_FDCWD, "/proc/self/uid_map", &text, &ignored) < 0)
		return true;
	return strstr(buf_str(&text), "4294967295"); /* all there are, in one range */
}

static int file_write(pid_t pid, const char *name, const char *text, struct err *err)
{
	auto_free char *path = x_printf("/proc/%d/%s", (int)pid, name);
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	int rc = fd_write_full(fd, text, strlen(text));
	return rc < 0 ? err_set(err, -rc, "write %s: %s", name, strerror(-rc)) : 0;
}

static int ranges_write(pid_t pid, const char *name, const struct plan_id_range *ranges, size_t count, struct err *err)
{
	auto_buf text = BUF_INIT(64 << 10);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%u %u %u\n", ranges[i].inside, ranges[i].outside, ranges[i].size);
	int rc = buf_check(&text, name, err);
	return rc < 0 ? rc : file_write(pid, name, buf_str(&text), err);
}

/* The setuid helpers of shadow, which know /etc/subuid and /etc/subgid. */
static int helper_run(const char *program, pid_t pid, const struct plan_id_range *ranges, size_t count, struct err *err)
{
	static const char *const folders[] = {"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"};
	auto_strv char **argv = NULL;
	auto_free char *path = NULL;
	int status;
	for (size_t i = 0; i < array_size(folders) && !path; i++) {
		char *at = x_printf("%s/%s", folders[i], program);
		if (access(at, X_OK) == 0)
			path = at;
		else
			free(at);
	}
	if (!path)
		return err_set(err, ENOENT,
			       "%s is not installed: without it and without root only one user can be mapped", program);
	strv_push(&argv, x_strdup(program));
	strv_push(&argv, x_printf("%d", (int)pid));
	for (size_t i = 0; i < count; i++) {
		strv_push(&argv, x_printf("%u", ranges[i].inside));
		strv_push(&argv, x_printf("%u", ranges[i].outside));
		strv_push(&argv, x_printf("%u", ranges[i].size));
	}
	const int fds[3] = {-1, -1, 2};
	const struct process_spec spec = {.path = path, .exe_fd = -1, .argv = argv, .fds = fds, .fd_count = 3};
	pid_t child;
	int rc = process_spawn(&spec, &child, err);
	if (rc == 0)
		rc = process_wait(child, &status, err);
	if (rc == 0 && status != 0)
		rc = err_set(err, EPERM, "%s failed: are the ranges in /etc/subuid and /etc/subgid?", program);
	return rc;
}

static bool is_self(const struct plan_id_range *ranges, size_t count, uint32_t id)
{
	return count == 1 && ranges[0].size == 1 && ranges[0].outside == id;
}

int id_map_write(const struct plan *plan, pid_t pid, struct err *err)
{
	if (pid <= 0)
		return err_set(err, EPROTO, "a process without a number");
	if (geteuid() == 0) {
		int rc = ranges_write(pid, "gid_map", plan->gids, plan->gid_count, err);
		if (rc == 0)
			rc = ranges_write(pid, "uid_map", plan->uids, plan->uid_count, err);
		return rc;
	}
	int rc = is_self(plan->uids, plan->uid_count, geteuid())
		     ? ranges_write(pid, "uid_map", plan->uids, plan->uid_count, err)
		     : helper_run("newuidmap", pid, plan->uids, plan->uid_count, err);
	if (rc < 0 || !is_self(plan->gids, plan->gid_count, getegid()))
		return rc < 0 ? rc : helper_run("newgidmap", pid, plan->gids, plan->gid_count, err);
	rc = file_write(pid, "setgroups", "deny", err); /* what the kernel asks for it */
	return rc < 0 ? rc : ranges_write(pid, "gid_map", plan->gids, plan->gid_count, err);
}

int id_map_namespace(const struct plan_id_range *uids, size_t uid_count, const struct plan_id_range *gids,
		     size_t gid_count, int *out_fd, struct err *err)
{
	/* It only has to be there while its namespace is opened. */
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	if (pid < 0)
		return err_sys(err, "new user namespace");
	int status, rc = ranges_write(pid, "gid_map", gids, gid_count, err);
	if (rc == 0)
		rc = ranges_write(pid, "uid_map", uids, uid_count, err);
	if (rc == 0) {
		auto_free char *path = x_printf("/proc/%d/ns/user", (int)pid);
		*out_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (*out_fd < 0)
			rc = err_sys(err, "open %s", path);
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return rc;
}
