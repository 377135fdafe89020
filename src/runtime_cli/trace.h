/*
 * What was done when, step by step. --trace-time: on standard error, in microseconds since the program began and since
 * the step before. --debug: as lines of the log.
 */
#pragma once

void trace_start(void);
void trace_tell(void (*tell)(void *context, const char *sentence), void *context); /* each step, to somebody else */
void trace(const char *step); /* nothing without one of the above */
