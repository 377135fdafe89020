#include "base/fd.h"
#include "base/text.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/launch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct option_row rows[] = {O_END};

static int socket_connect(int dir, int *out_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" STATE_SOCKET, dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(err, "the container's process does not wait for a start");
	*out_fd = take_fd(&fd);
	return 0;
}

struct starting {
	const struct container_state *state;
};

/* The profile is the bundle's; where its listener is is read there again. */
static int listener(void *context, int fd, struct err *err)
{
	const struct starting *starting = context;
	struct bundle bundle;
	int rc = bundle_load(&bundle, starting->state->bundle, err);
	if (rc == 0)
		rc = launch_listener_send(starting->state,
					  bundle.spec.linux_part ? bundle.spec.linux_part->seccomp : NULL, fd,
					  (pid_t)starting->state->pid, err);
	bundle_done(&bundle);
	return rc;
}

static int start(struct context *context, struct container *container, struct err *err)
{
	struct container_state *state = &container->state;
	struct starting starting = {.state = state};
	const struct apply_host host = {.listener = listener, .context = &starting};
	enum container_status status = container->status;
	int socket, exit_code;
	if (status == STATUS_STOPPED)
		return err_set(err, EINVAL, "cannot start a container that has stopped");
	if (status == STATUS_RUNNING || status == STATUS_PAUSED)
		return err_set(err, EINVAL, "cannot start an already running container");
	if (status == STATUS_CREATING)
		return err_set(err, EINVAL, "cannot start a container in the creating state");
	int rc = socket_connect(container->dir, &socket, err);
	if (rc == 0)
		rc = apply_let_go(socket, &host, &exit_code, err);
	if (rc < 0)
		return err_wrap(err, "unable to start container process");
	state->started = true;
	(void)unlinkat(container->dir, STATE_SOCKET, 0);
	rc = state_write(container->dir, state, err);
	if (rc == 0 && (rc = launch_poststart(state, err)) < 0) {
		struct err ignored;
		(void)!launch_remove(context, state, &ignored);
	}
	return rc;
}

static int run(struct context *context, void *options, char **args)
{
	struct container container;
	struct err err;
	(void)options;
	int rc = container_open(context, args[0], true, &container, &err);
	if (rc == 0) {
		rc = start(context, &container, &err);
		container_done(&container);
	}
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_start = {
    .name = "start",
    .usage = "ID",
    .summary = "Let the process of a created container go",
    .rows = rows,
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = run,
};
