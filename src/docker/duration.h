/*
 * Lengths of time as Go and Docker write and read them.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { DURATION_TEXT = 32 };

/* "300ms", "1h2m3.5s", "-1.5h", "0": Go's durations. -EINVAL `invalid duration "TEXT"`, -ERANGE. */
int duration_parse(const char *text, int64_t *out_ns, struct err *err) must_check;

/* As Go prints it: "1.5s", "1m30s", "100ms", "0s". */
void duration_go(int64_t ns, char out_text[DURATION_TEXT]);

/* "Less than a second", "5 seconds", "About a minute", "3 hours", "2 weeks": one unit, rounded down. */
void duration_human(int64_t ns, char out_text[DURATION_TEXT]);
