#include "runtime/exec_child.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_child.h"
#include "runtime/apply_process.h"
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { EXIT_SETUP = 126 };

/* The user namespace first where it is another than ours: the others are its. */
static const struct {
	const char *name;
	int flag;
} rows[] = {{"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
	    {"net", CLONE_NEWNET},   {"pid", CLONE_NEWPID},	  {"time", CLONE_NEWTIME}, {"mnt", CLONE_NEWNS}};

/* Whether a namespace of the target is ours too: joining one's own user namespace is an error. */
static bool is_ours(const char *target, const char *name)
{
	struct stat own, theirs;
	auto_free char *path = x_printf("/proc/self/ns/%s", name);
	return stat(path, &own) == 0 && stat(target, &theirs) == 0 && own.st_ino == theirs.st_ino &&
	       own.st_dev == theirs.st_dev;
}

static int join(int fd, int flag, const char *name, struct err *err)
{
	return setns(fd, flag) < 0 ? err_sys(err, "enter the %s namespace", name) : 0;
}

/* What does not belong to the container's user namespace can only be joined before that. */
static int join_all(int fds[array_size(rows)], bool *out_user, struct err *err)
{
	bool later[array_size(rows)] = {false};
	int rc = 0;
	*out_user = fds[0] >= 0;
	for (size_t i = 1; rc == 0 && i < array_size(rows); i++) {
		rc = fds[i] >= 0 && rows[i].flag != CLONE_NEWNS ? join(fds[i], rows[i].flag, rows[i].name, err) : 0;
		later[i] = rows[i].flag == CLONE_NEWNS || (rc == -EPERM && *out_user);
		if (later[i])
			rc = 0;
	}
	if (rc == 0 && *out_user)
		rc = join(fds[0], CLONE_NEWUSER, "user", err);
	for (size_t i = 1; rc == 0 && i < array_size(rows); i++)
		rc = later[i] && fds[i] >= 0 ? join(fds[i], rows[i].flag, rows[i].name, err) : 0;
	return rc;
}

static int namespaces_join(const struct exec_child *child, bool *out_user, struct err *err)
{
	int fds[array_size(rows)], root = -1, rc = 0;
	for (size_t i = 0; i < array_size(rows); i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)child->target, rows[i].name);
		fds[i] = -1;
		if (is_ours(path, rows[i].name))
			continue;
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0 && errno != ENOENT)
			rc = err_sys(err, "open %s", path);
	}
	if (child->chrooted) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/root", (int)child->target);
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			rc = err_sys(err, "open %s", path);
	}
	if (rc == 0)
		rc = join_all(fds, out_user, err);
	if (rc == 0 && root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
		rc = err_sys(err, "enter the container's root");
	cleanup_fd(&root);
	cleanup_fds(fds, array_size(rows));
	return rc;
}

static int root_become(struct err *err)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(err, "setgroups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, "become root of the user namespace");
	return 0;
}

static _Noreturn void process_main(struct exec_child *child)
{
	struct process_ready ready = {
	    .survives = child->survives, .preserve_fds = child->preserve_fds, .socket = child->socket};
	struct err err;
	int exit_code = EXIT_SETUP, rc = 0;
	auto_fd int root = -1, master = -1, slave = -1;
	if (setsid() < 0)
		rc = err_sys(&err, "setsid");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && child->process->terminal)
		rc = console_open(child->process, root, &master, &slave, &err);
	if (rc == 0)
		rc = process_prepare(&child->arena, child->process, child->stdio, slave, &ready, &exit_code, &err);
	cleanup_fd(&root);
	root = -1;
	if (rc == 0) {
		cleanup_fd(&slave);
		slave = -1;
		rc = apply_tell(child->socket, APPLY_READY, &master, master >= 0 ? 1 : 0, &err);
		cleanup_fd(&master);
		master = -1;
		if (rc < 0 || apply_answer(child->socket, NULL, NULL, &err) < 0)
			_exit(EXIT_SETUP);
		rc = process_run(child->process, &ready, &exit_code, &err);
	}
	(void)rc;
	apply_fail(child->socket, exit_code, &err);
}

/* Between us and the process stands one that joins: a PID namespace is for children. The child is made our maker's. */
_Noreturn void exec_child_main(struct exec_child *child)
{
	struct err err;
	bool user = false;
	/* Processes that are in there already may not look at one that comes from outside (CVE-2016-9962). */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int rc = oom_score_write(child->process, &err);
	if (rc == 0)
		rc = cpus_initial_set(child->process, &err);
	if (rc == 0 && child->cgroup)
		rc = cgroup_enter(child->cgroup, 0, &err);
	if (rc == 0)
		rc = namespaces_join(child, &user, &err);
	if (rc == 0 && user)
		rc = root_become(&err);
	if (rc < 0)
		apply_fail(child->socket, EXIT_SETUP, &err);
	/* CLONE_PARENT: its parent is ours, who reaps it. */
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		process_main(child);
	if (pid < 0) {
		err_sys(&err, "clone");
		apply_fail(child->socket, EXIT_SETUP, &err);
	}
	_exit(0);
}
