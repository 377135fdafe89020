/*
 * Two clocks: monotonic for every wait and measure, wall for what people and documents read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t time_monotonic_ns(void); /* CLOCK_BOOTTIME: goes on while the machine sleeps */
int64_t time_wall_ns(void);	 /* since 1970-01-01 UTC */

enum { TIME_TEXT = 36 };

/* "2026-11-23T19:12:36.123456789Z": RFC 3339, nine fraction digits, UTC (Docker's logs and documents). */
void time_rfc3339(int64_t wall_ns, char out_text[TIME_TEXT]);

/* The same with trailing zeros of the fraction left out, as Go's RFC3339Nano prints. */
void time_rfc3339_short(int64_t wall_ns, char out_text[TIME_TEXT]);

/* Reads RFC 3339 with Z or an offset and any number of fraction digits. 0 or -EINVAL. */
int time_parse_rfc3339(const char *text, int64_t *out_wall_ns);
