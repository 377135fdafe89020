/*
 * The life of a container, as the files of its verbs share it: lifecycle.c (start and end), stop.c, remove.c, wait.c.
 * Inside the engine only.
 */
#pragma once

#include "engine/restart.h"
#include "engine/run.h"
#include "monitor/exit_record.h"

/* --- lifecycle.c --- */

enum lifecycle_how {
	LIFECYCLE_BY_USER,
	LIFECYCLE_AGAIN, /* by the restart policy */
};

/*
 * Starts a container; call is told when it runs, NULL: nobody. On failure it has become STATE_ERROR, with the reason,
 * or RESTARTING where its policy tries again.
 */
int lifecycle_start(struct container *container, enum lifecycle_how how, struct engine_call *call,
		    struct err *err) must_check;

/* What a monitor tells. The last two end the run: it is freed. */
void lifecycle_started(struct run *run, const struct monitor_message *message);
void lifecycle_failed(struct run *run, const struct monitor_message *message, const struct err *err);
void lifecycle_exited(struct run *run, const struct exit_record *exit); /* NULL: the monitor is gone without a word */

/*
 * A container that is no more: what its policy wants next, RESTARTING or STOPPED, is recorded with its exit, and done.
 * ran_ns: how long it ran, where that counts. True: it starts again.
 */
bool lifecycle_ended(struct container *container, enum restart_when when, int64_t ran_ns);

void lifecycle_die_event(struct container *container);
void lifecycle_log(const struct container *container, const struct err *err, const char *what);

/* --- stop.c --- */

void stop_unhealthy(struct container *container); /* what --health-on-failure says */
void stop_late(struct run *run);		  /* what was asked for while it was being started */

/* Sends a signal, says so, and makes sure that a paused container hears it. */
int stop_signal(struct container *container, int number, struct err *err) must_check;

/* --- pause.c --- */

void pause_end(struct container *container);		    /* a paused one goes on, because it is to end */
void pause_adopt(struct container *container, bool paused); /* what the monitor says counts */

/* --- remove.c --- */

/* One that does not run. It is gone with its row, at once; files that cannot be removed go with the next start. */
int lifecycle_remove(struct container *container, struct err *err) must_check;
/* At start: files of containers that the record does not know. */
void lifecycle_sweep(const struct engine *engine);

/* --- wait.c --- */

/* Tells those who wait for this condition; or_less: also those who wait for less than the removal. */
void lifecycle_tell_waiters(struct container *container, enum engine_condition condition, bool or_less);
