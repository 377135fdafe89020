/*
 * What the monitor knows: one container, one engine at most. Inside the monitor only.
 */
#pragma once

#include "base/arena.h"
#include "base/loop.h"
#include "monitor/exit_record.h"
#include "monitor/output_log.h"
#include "monitor/protocol.h"
#include "monitor/session.h"
#include "runtime/cgroup_oom.h"
#include "runtime/plan.h"

struct monitor {
	const char *id;
	struct loop *loop;
	int engine_fd; /* -1: nobody is connected */
	struct loop_io engine;
	int listener_fd;
	struct loop_io listener;
	struct arena arena;	 /* of the plan */
	struct plan *plan, kept; /* once it runs, plan is kept: what its end needs */
	struct output_log log;
	bool logged; /* log is open */
	uint64_t dropped_told;
	struct session *container; /* NULL before START and after a start that failed */
	struct session *sessions;  /* all of them, the container's too */
	int64_t started_ns;
	struct exit_record exit;
	enum monitor_step step; /* of the start */
	int sent;		/* the last signal that came through the engine */
	struct cgroup_oom oom_watch;
	struct loop_io oom_io;
	struct oom_record oom;
	struct loop_timer oom_timer, dropped_timer;
	int oom_looks;
	int64_t victim_ns; /* when the kernel's log was last read */
	bool running, paused, over, bye;
	struct loop_task sweep, release;
};

extern struct monitor monitor;

/* What the engine sends, as long as there is something. */
void monitor_messages_take(void);
