/*
 * Why a container ended: what its monitor and the engine know, put together and recorded. Inside the engine only.
 */
#pragma once

#include "docker/death.h"
#include "engine/run.h"
#include "monitor/exit_record.h"

/* A run that is over. exit NULL: its monitor is gone without a word. */
void death_of_run(struct run *run, const struct exit_record *exit);
/* One that ended while no engine ran. */
void death_of_absence(struct container *container, const struct exit_record *exit);
/* A start that failed: at which step. */
void death_of_start(struct container *container, int exit_code, const char *step, const char *error);
const char *death_step_name(uint32_t step); /* of enum monitor_step */
