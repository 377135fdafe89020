/*
 * --trace-time: when each step was done, on standard error, in microseconds since the program began and since the step
 * before.
 */
#pragma once

void trace_start(void);
void trace(const char *step); /* nothing without trace_start */
