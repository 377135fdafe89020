#include "monitor/probe.h"

#include "monitor/state.h"
#include "runtime/cgroup_child.h"

#include <signal.h>
#include <stdio.h>

static void probe_name(const struct session *session, char out_name[32])
{
	snprintf(out_name, 32, "probe-%u", session->number);
}

void probe_end(const struct session *session)
{
	char name[32];
	probe_name(session, name);
	cgroup_child_end(monitor.plan->cgroup, name);
}

static void probe_late(struct loop_timer *timer)
{
	struct session *session = container_of(timer, struct session, limit);
	session->timed_out = true;
	if (session->pid > 0 && !session->exited)
		(void)kill(session->pid, SIGKILL);
	probe_end(session);
}

void probe_begin(struct session *session, int pid, int64_t limit_ns)
{
	char name[32];
	struct err err;
	probe_name(session, name);
	if (cgroup_child_make(monitor.plan->cgroup, name, pid, &err) < 0) /* then it ends alone */
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
	loop_timer_start(monitor.loop, &session->limit, limit_ns, probe_late);
}

void probes_end(void)
{
	for (struct session *at = monitor.sessions; at; at = at->next) {
		if (at->probe && !at->told && at->pid > 0 && !at->exited)
			probe_late(&at->limit);
	}
}
