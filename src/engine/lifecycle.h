/*
 * The life of a container, as the files of its verbs share it: lifecycle.c (start and end), stop.c, remove.c, wait.c.
 * Inside the engine only.
 */
#pragma once

#include "engine/run.h"

/* --- lifecycle.c --- */

/* Starts a container; call is told when it runs, NULL: nobody. On failure it has become STATE_ERROR, with the reason.
 */
int lifecycle_start(struct container *container, struct engine_call *call, struct err *err) must_check;

/* What a monitor tells. The last two end the run: it is freed. */
void lifecycle_started(struct run *run, const struct monitor_message *message);
void lifecycle_failed(struct run *run, const struct monitor_message *message, const struct err *err);
void lifecycle_exited(struct run *run, int code, bool oom, int64_t time_ns);

void lifecycle_log(const struct container *container, const struct err *err, const char *what);

/* --- remove.c --- */

int lifecycle_remove(struct container *container, struct err *err) must_check; /* one that does not run */
/* The container is REMOVING. Every step may be done twice: a restarted engine does. */
int lifecycle_finish_removal(struct container *container, struct err *err) must_check;

/* --- wait.c --- */

/* Tells those who wait for this condition; or_less: also those who wait for less than the removal. */
void lifecycle_tell_waiters(struct container *container, enum engine_condition condition, bool or_less);
