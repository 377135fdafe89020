#include "monitor/oom.h"

#include "base/time.h"
#include "monitor/oom_line.h"
#include "monitor/state.h"
#include "monitor/tell.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_tree.h"

#include <unistd.h>

bool oom_look(void)
{
	enum { PAUSE_NS = 500000000 };
	uint64_t kills = cgroup_oom_read(&monitor.oom_watch);
	struct err ignored;
	uint64_t limit = 0;
	pid_t pid = 0;
	if (kills == 0)
		return false;
	monitor.oom.kills += (int64_t)kills;
	bool v1 = cgroup_mode() == CGROUP_V1;
	auto_fd int dir = -1;
	if (cgroup_open(v1 ? "memory" : "", monitor.plan->cgroup, false, &dir, &ignored) == 0 &&
	    cgroup_read_number(dir, v1 ? "memory.limit_in_bytes" : "memory.max", &limit) && limit < INT64_MAX / 2)
		monitor.oom.limit = (int64_t)limit;
	/* One that runs out of memory all the time is not to keep us reading. */
	if (monitor.victim_ns == 0 || time_monotonic_ns() - monitor.victim_ns > PAUSE_NS) {
		if (oom_victim_find(monitor.plan->cgroup, &pid, monitor.oom.name, sizeof monitor.oom.name))
			monitor.oom.pid = pid;
		monitor.victim_ns = time_monotonic_ns();
	}
	return true;
}

void oom_tell(void)
{
	struct monitor_message message = {.type = MONITOR_OOM};
	tell_message(&message, &monitor.oom, sizeof monitor.oom);
}

/* v1 wakes us before anything is ended, and not again: a few more looks find it counted. */
static void oom_again(struct loop_timer *timer)
{
	enum { LOOKS = 40, PAUSE_NS = 25000000 };
	if (oom_look()) {
		oom_tell();
		return;
	}
	if (monitor.oom_looks++ < LOOKS)
		loop_timer_start(monitor.loop, timer, PAUSE_NS, oom_again);
}

static void oom_ready(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	monitor.oom_looks = 0;
	oom_again(&monitor.oom_timer);
}

void oom_start(void)
{
	struct err ignored;
	if (cgroup_oom_watch(monitor.plan->cgroup, &monitor.oom_watch, &ignored) == 0 &&
	    loop_io_add(monitor.loop, &monitor.oom_io, monitor.oom_watch.fd, EPOLLIN | EPOLLPRI, oom_ready, &ignored) <
		0)
		cgroup_oom_done(&monitor.oom_watch);
}

void oom_end(void)
{
	loop_io_remove(&monitor.oom_io);
	loop_timer_stop(&monitor.oom_timer);
	cgroup_oom_done(&monitor.oom_watch);
}
