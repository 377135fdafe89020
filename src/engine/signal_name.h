/*
 * Signals by name or number, as `kill` and `stop` take them.
 */
#pragma once

#include "base/error.h"

/* "KILL", "SIGKILL", "kill", "9", "RTMIN+3". -EINVAL "invalid signal: X". */
int signal_parse(const char *text, int *out_number, struct err *err) must_check;
