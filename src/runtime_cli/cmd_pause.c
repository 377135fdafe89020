#include "runtime/cgroup_process.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"

static const struct option_row rows[] = {O_END};

static int pause_container(const struct container *container, struct err *err)
{
	if (container->status != STATUS_RUNNING && container->status != STATUS_CREATED)
		return err_set(err, EINVAL, "container not running");
	if (!container->state.cgroup)
		return err_set(err, EOPNOTSUPP, "the container has no control group to be frozen");
	return cgroup_freeze(container->state.cgroup, err);
}

static int resume_container(const struct container *container, struct err *err)
{
	if (container->status != STATUS_PAUSED)
		return err_set(err, EINVAL, "container not paused");
	return cgroup_thaw(container->state.cgroup, err);
}

static int run(struct context *context, const char *id,
	       int (*change)(const struct container *container, struct err *err))
{
	struct container container;
	struct err err;
	int rc = container_open(context, id, true, &container, &err);
	if (rc == 0) {
		rc = change(&container, &err);
		container_done(&container);
	}
	return rc < 0 ? context_failed(context, &err) : 0;
}

static int pause_run(struct context *context, void *options, char **args)
{
	(void)options;
	return run(context, args[0], pause_container);
}

static int resume_run(struct context *context, void *options, char **args)
{
	(void)options;
	return run(context, args[0], resume_container);
}

const struct command cmd_pause = {
    .name = "pause",
    .usage = "ID",
    .summary = "Let all processes of a container stand still",
    .rows = rows,
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = pause_run,
};

const struct command cmd_resume = {
    .name = "resume",
    .usage = "ID",
    .summary = "Let the processes of a paused container run again",
    .rows = rows,
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = resume_run,
};
