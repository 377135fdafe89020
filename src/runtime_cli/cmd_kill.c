#include "base/text.h"
#include "runtime/cgroup_process.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

/* --- kill --- */

struct kill_options {
	bool all;
};
static const struct option_row kill_rows[] = {
    O_BOOL(struct kill_options, all, "all", 'a', "To every process of the container"),
    O_END,
};

/* "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3". */
static int signal_number(const char *text, int *out_number, struct err *err)
{
	int64_t number;
	struct err ignored;
	if (text_is_digits(text)) {
		if (number_parse(text, 0, SIGRTMAX, "signal", &number, &ignored) < 0)
			return err_set(err, EINVAL, "unknown signal \"%s\"", text);
		*out_number = (int)number;
		return 0;
	}
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	if (strncasecmp(name, "RTMIN", 5) == 0 &&
	    (!name[5] ||
	     (name[5] == '+' && number_parse(name + 6, 0, SIGRTMAX - SIGRTMIN, "signal", &number, &ignored) == 0))) {
		*out_number = SIGRTMIN + (name[5] ? (int)number : 0);
		return 0;
	}
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcasecmp(known, name) == 0) {
			*out_number = i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "unknown signal \"%s\"", text);
}

static int signal_send(const struct container *container, int number, bool all, struct err *err)
{
	const struct container_state *state = &container->state;
	bool stopped = container->status == STATUS_STOPPED || container->status == STATUS_CREATING;
	/* Without a PID namespace of its own others may live on. */
	if (state->cgroup && (all || stopped) && number == SIGKILL) {
		int rc = cgroup_kill(state->cgroup, err);
		if (rc == 0 && (all || !stopped))
			return 0;
	}
	if (stopped)
		return err_set(err, ESRCH, "container not running");
	if (all && state->cgroup)
		return cgroup_signal(state->cgroup, number, err);
	if (kill((pid_t)state->pid, number) < 0)
		return err_sys(err, "unable to signal init");
	/* A frozen process does not take even this one. */
	if (number == SIGKILL && container->status == STATUS_PAUSED && state->cgroup)
		return cgroup_thaw(state->cgroup, err);
	return 0;
}

static int kill_run(struct context *context, void *given, char **args)
{
	const struct kill_options *options = given;
	struct container container;
	struct err err;
	int number = SIGTERM;
	int rc = args[1] ? signal_number(args[1], &number, &err) : 0;
	if (rc == 0)
		rc = container_open(context, args[0], false, &container, &err);
	if (rc < 0)
		return context_failed(context, &err);
	rc = signal_send(&container, number, options->all, &err);
	container_done(&container);
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_kill = {
    .name = "kill",
    .usage = "[OPTIONS] ID [SIGNAL]",
    .summary = "Send a signal to a container's process (TERM)",
    .rows = kill_rows,
    .size = sizeof(struct kill_options),
    .args_min = 1,
    .args_max = 2,
    .mixed = true,
    .run = kill_run,
};

/* --- delete --- */

struct delete_options {
	bool force;
};
static const struct option_row delete_rows[] = {
    O_BOOL(struct delete_options, force, "force", 'f', "End it first where it runs"),
    O_END,
};

/* Whoever made it was killed before a word was written: there is nothing but the directory, and perhaps the group that
 * it would have had. */
static int remains_remove(struct context *context, const char *id, struct err *err)
{
	auto_fd int dir = -1;
	int rc = state_open(context->root_fd, id, true, &dir, err);
	return rc < 0 ? rc : state_remove(context->root_fd, id, err);
}

static int delete (struct context *context, const char *id, bool force, struct err *err)
{
	struct container container;
	int rc = state_id_check(id, err);
	if (rc == 0)
		rc = context_open(context, false, err);
	if (rc == -ENOENT)
		err_set(err, ENOENT, "container does not exist: %s", id);
	if (rc == 0)
		rc = container_open(context, id, true, &container, err);
	if (rc < 0 && force && context->root_fd >= 0 && state_id_check(id, err) == 0) {
		rc = remains_remove(context, id, err);
		return rc == -ENOENT ? 0 : rc;
	}
	if (rc < 0)
		return rc == -ENOENT && force ? 0 : rc;
	if (container.status != STATUS_STOPPED && container.status != STATUS_CREATED && !force)
		rc = err_set(err, EBUSY, "cannot delete container %s that is not stopped: %s", id,
			     status_name(container.status));
	else
		rc = launch_remove(context, &container.state, err);
	container_done(&container);
	return rc;
}

static int delete_run(struct context *context, void *given, char **args)
{
	const struct delete_options *options = given;
	struct err err;
	return delete (context, args[0], options->force, &err) < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_delete = {
    .name = "delete",
    .usage = "[OPTIONS] ID",
    .summary = "Remove a container that has stopped",
    .rows = delete_rows,
    .size = sizeof(struct delete_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = delete_run,
};
