#include "security/apparmor.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#define PROFILES "/sys/kernel/security/apparmor/profiles"

/*
 * What a container may not do even with more capabilities than usual: mount, write to what concerns the whole host
 * below /proc and /sys, look at firmware. Below /proc only processes and /proc/sys/kernel/shm* are written, below /sys
 * only control groups. A denial counts more than any permission, so these are patterns of all but that. Whoever is
 * confined by nothing may end its processes; among themselves they may do as they like.
 */
static const char profile[] = "profile " APPARMOR_DEFAULT " flags=(attach_disconnected,mediate_deleted) {\n"
			      "  network,\n"
			      "  capability,\n"
			      "  file,\n"
			      "  umount,\n"
			      "  signal (receive) peer=unconfined,\n"
			      "  signal (send, receive) peer=" APPARMOR_DEFAULT ",\n"
			      "  ptrace (trace, tracedby, read, readby) peer=" APPARMOR_DEFAULT ",\n"
			      "  deny network alg,\n"
			      "  deny mount,\n"
			      "  deny /proc/[^0-9s]** w,\n"
			      "  deny /proc/s[^y]** w,\n"
			      "  deny /proc/sy[^s]** w,\n"
			      "  deny /proc/sys[^/]** w,\n"
			      "  deny /proc/sys/[^k]** w,\n"
			      "  deny /proc/sys/kernel/[^s]** w,\n"
			      "  deny /proc/sys/kernel/s[^h]** w,\n"
			      "  deny /proc/sys/kernel/sh[^m]** w,\n"
			      "  deny /proc/{sysrq-trigger,kcore} rwkl,\n"
			      "  deny /sys/[^f]** wkl,\n"
			      "  deny /sys/f[^s]** wkl,\n"
			      "  deny /sys/fs/[^c]** wkl,\n"
			      "  deny /sys/fs/c[^g]** wkl,\n"
			      "  deny /sys/{firmware,devices/virtual/powercap,kernel/security}/** rwkl,\n"
			      "}\n";

bool apparmor_is_enabled(void)
{
	auto_buf text = BUF_INIT(16);
	struct err ignored;
	return file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", &text, &ignored) == 0 &&
	       buf_str(&text)[0] == 'Y' && access(PROFILES, F_OK) == 0;
}

/* "NAME (enforce)" in a line. */
static bool is_loaded(void)
{
	auto_buf text = BUF_INIT(4 << 20);
	struct err ignored;
	if (file_read(AT_FDCWD, PROFILES, &text, &ignored) < 0)
		return false;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		if (text_after(*line, APPARMOR_DEFAULT " ("))
			return true;
	}
	return false;
}

static const char *parser_find(void)
{
	static const char *const places[] = {"/usr/sbin/apparmor_parser", "/sbin/apparmor_parser",
					     "/usr/bin/apparmor_parser"};
	for (size_t i = 0; i < array_size(places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

int apparmor_default_load(struct err *err)
{
	static char *const argv[] = {(char *)"apparmor_parser", (char *)"-Kr", NULL};
	auto_fd int text = -1;
	const char *parser = parser_find();
	int status;
	pid_t pid;
	if (is_loaded())
		return 0;
	if (!parser)
		return err_set(err, ENOENT,
			       "the profile " APPARMOR_DEFAULT " needs apparmor_parser (package apparmor)");
	int rc = fd_sealed(APPARMOR_DEFAULT, profile, strlen(profile), &text, err);
	if (rc < 0)
		return rc;
	const int fds[3] = {text, -1, 2};
	const struct process_spec spec = {.path = parser, .exe_fd = -1, .argv = argv, .fds = fds, .fd_count = 3};
	rc = process_spawn(&spec, &pid, err);
	if (rc == 0)
		rc = process_wait(pid, &status, err);
	if (rc < 0)
		return rc;
	return status == 0 ? 0
			   : err_set(err, EIO,
				     "apparmor_parser could not load the profile " APPARMOR_DEFAULT ": exit status %d",
				     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
