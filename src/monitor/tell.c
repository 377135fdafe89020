#include "monitor/tell.h"

#include "monitor/sessions.h"
#include "monitor/state.h"

#include <stdio.h>
#include <unistd.h>

void tell_nobody(void)
{
	loop_io_remove(&monitor.engine);
	cleanup_fd(&monitor.engine_fd);
	monitor.engine_fd = -1;
}

void tell_message(struct monitor_message *message, const void *tail, size_t size)
{
	if (monitor.engine_fd >= 0 && monitor_send(monitor.engine_fd, message, tail, size, NULL, 0) < 0)
		tell_nobody();
}

void tell_exited(void)
{
	struct monitor_message message = {.type = MONITOR_EXITED,
					  .flags = monitor.exit.oom_killed ? MONITOR_OOM_KILLED : 0,
					  .code = monitor.exit.code,
					  .time_ns = monitor.exit.time_ns};
	tell_message(&message, &monitor.exit, sizeof monitor.exit);
}

void tell_status(void)
{
	struct monitor_message message = {.type = MONITOR_STATUS,
					  .session = sessions_highest(),
					  .flags = (monitor.running ? MONITOR_RUNNING : 0) |
						   (monitor.paused ? MONITOR_PAUSED : 0),
					  .pid = monitor.running ? monitor.container->pid : 0,
					  .time_ns = monitor.started_ns};
	snprintf(message.id, sizeof message.id, "%s", monitor.id);
	tell_message(&message, NULL, 0);
	if (monitor.over)
		tell_exited();
}

void tell_failed(uint32_t type, uint32_t number, int exit_code, const struct err *err)
{
	struct monitor_message message = {.type = type, .session = number, .code = exit_code};
	tell_message(&message, err, sizeof *err);
}

void tell_done(int rc, const struct err *err)
{
	struct monitor_message message = {.type = MONITOR_DONE, .code = -rc};
	tell_message(&message, rc < 0 ? err : NULL, rc < 0 ? sizeof *err : 0);
}
