#include "runtime/apply_child.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"
#include "runtime/apply_process.h"
#include "runtime/cgroup.h"
#include "runtime/hook.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXIT_SETUP = 125 };

/* --- messages --- */

int apply_tell(int socket, enum apply_kind kind, const int *fds, size_t fd_count, struct err *err)
{
	struct apply_report report = {.kind = kind};
	int rc = fd_send(socket, &report, sizeof report, fds, fd_count);
	return rc < 0 ? err_set(err, -rc, "report: %s", strerror(-rc)) : 0;
}

int apply_answer(int socket, struct arena *arena, char **out_state, struct err *err)
{
	char go = 0;
	ssize_t size;
	do
		size = recv(socket, &go, 1, out_state ? MSG_PEEK | MSG_TRUNC : 0);
	while (size < 0 && errno == EINTR);
	if (size <= 0 || size > APPLY_STATE_MAX + 1 || go != APPLY_GO)
		return err_set(err, EPIPE, "whoever made the container is gone");
	if (!out_state)
		return 0;
	char *text = arena_alloc(arena, (size_t)size + 1);
	if (recv(socket, text, (size_t)size, 0) != size)
		return err_set(err, EPIPE, "whoever made the container is gone");
	*out_state = text + 1;
	return 0;
}

/* Says what failed and ends. */
_Noreturn void apply_fail(int socket, int exit_code, const struct err *err)
{
	struct apply_report report = {.kind = APPLY_FAILED, .exit_code = exit_code, .err = *err};
	if (fd_send(socket, &report, sizeof report, NULL, 0) < 0)
		_exit(EXIT_SETUP);
	_exit(exit_code);
}

/* --- the steps --- */

static int loopback_up(struct err *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* a kernel without IPv4 */
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, "bring the loopback device up");
	return 0;
}

/* Groups and names, before the root file system. */
static int child_place(const struct apply_child *child, struct err *err)
{
	const struct plan *plan = child->plan;
	if (setsid() < 0)
		return err_sys(err, "setsid");
	if (plan->namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, "new cgroup namespace");
	if (plan->namespaces & CLONE_NEWNET) {
		int rc = loopback_up(err);
		if (rc < 0)
			return rc;
	}
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return err_sys(err, "set the host name");
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return err_sys(err, "set the domain name");
	return 0;
}

static int hooks_run(const struct apply_child *child, const struct plan_hook *hooks, size_t count, const char *what,
		     struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		auto_free char *name = x_printf("%s hook #%zu", what, i);
		rc = hook_run(&hooks[i], name, child->state ? child->state : "", err);
	}
	return rc;
}

static int child_prepared(struct apply_child *child, struct err *err)
{
	const struct plan *plan = child->plan;
	if (!plan->host_steps)
		return 0;
	int rc = apply_tell(child->socket, APPLY_PREPARED, NULL, 0, err);
	if (rc == 0)
		rc = apply_answer(child->socket, &child->arena, &child->state, err);
	if (rc == 0)
		rc = hooks_run(child, plan->create_hooks, plan->create_hook_count, "createContainer", err);
	return rc;
}

static int child_root(struct apply_child *child, int *out_master, int *out_slave, struct err *err)
{
	const struct plan *plan = child->plan;
	auto_fd int root = -1, proc = -1;
	int rc = mounts_make(plan, child->sources, child->opener, &root, err);
	cleanup_fd(&child->opener);
	child->opener = -1;
	if (rc == 0)
		rc = devices_make(plan, root, err);
	if (rc == 0 && plan->process.terminal)
		rc = console_open(&plan->process, root, out_master, out_slave, err);
	if (rc == 0 && plan->process.terminal)
		rc = console_bind(root, *out_slave, err);
	if (rc == 0)
		rc = child_prepared(child, err);
	if (rc == 0)
		rc = proc_private(plan, &proc, err);
	if (rc == 0)
		rc = sysctls_write(plan, proc, err);
	if (rc == 0)
		rc = paths_hide(plan, root, err);
	return rc < 0 ? rc : root_pivot(plan, root, err);
}

/* Until somebody lets us go. What is said from here on goes to whoever did. */
static int go_wait(struct apply_child *child, struct err *err)
{
	if (child->listener < 0)
		return apply_answer(child->socket, &child->arena, NULL, err);
	close(child->socket);
	child->socket = -1;
	for (;;) {
		/* cppcheck-suppress nullPointer; accept(2) takes it */
		auto_fd int peer = accept4(child->listener, NULL, NULL, SOCK_CLOEXEC);
		if (peer < 0 && errno != EINTR && errno != ECONNABORTED)
			return err_sys(err, "wait for the start");
		if (peer >= 0 && apply_answer(peer, &child->arena, NULL, err) == 0) {
			child->socket = take_fd(&peer);
			close(child->listener);
			return 0;
		}
	}
}

/* The container ends with its maker, unless it is to survive that. */
static void end_with_maker(const struct apply_child *child)
{
	(void)prctl(PR_SET_PDEATHSIG, child->survives ? 0 : SIGKILL, 0, 0, 0);
}

_Noreturn void apply_child_main(struct apply_child *child)
{
	const struct plan *plan = child->plan;
	struct process_ready ready = {.make_cwd = true};
	struct err err;
	int exit_code = EXIT_SETUP;
	auto_fd int master = -1, slave = -1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	int rc = namespaces_enter(child, &err);
	if (rc == 0)
		rc = child_place(child, &err);
	if (rc == 0)
		rc = child_root(child, &master, &slave, &err);
	if (rc == 0)
		rc = process_prepare(&child->arena, &plan->process, child->stdio, slave, &ready, &exit_code, &err);
	if (rc == 0) {
		cleanup_fd(&slave);
		slave = -1;
		end_with_maker(child);
		rc = apply_tell(child->socket, APPLY_READY, &master, master >= 0 ? 1 : 0, &err);
		cleanup_fd(&master);
		master = -1;
	}
	if (rc == 0 && go_wait(child, &err) < 0)
		_exit(EXIT_SETUP); /* nobody is there to hear it */
	if (rc == 0)
		rc = hooks_run(child, plan->start_hooks, plan->start_hook_count, "startContainer", &err);
	if (rc == 0) {
		ready.survives = child->survives;
		ready.preserve_fds = child->preserve_fds;
		ready.socket = child->socket;
		rc = process_run(&plan->process, &ready, &exit_code, &err);
	}
	(void)rc;
	apply_fail(child->socket, exit_code, &err);
}
