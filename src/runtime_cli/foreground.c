#include "runtime_cli/foreground.h"

#include "base/fd.h"
#include "runtime_cli/console.h"
#include "runtime_cli/trace.h"

#include <sys/prctl.h>
#include <sys/wait.h>

void foreground_begin(bool no_subreaper)
{
	console_block();
	if (!no_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int foreground_attend(struct launch *launch, struct err *err)
{
	int status;
	cleanup_fd(&launch->dir); /* others may work on it while it runs */
	launch->dir = -1;
	int rc = console_attend(launch->process.pid, launch->process.console, &status, err);
	if (rc < 0)
		return rc;
	trace("container ended");
	if (launch->options->keep)
		launch_cgroup_remove(launch->context, &launch->state);
	else
		rc = launch_remove(launch->context, &launch->state, err);
	trace("container removed");
	if (rc < 0)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
