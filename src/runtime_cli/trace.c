#include "runtime_cli/trace.h"

#include "base/time.h"

#include <stdbool.h>
#include <stdio.h>

static bool on;
static int64_t first, last;

static void (*debug)(void *context, const char *sentence);
static void *debug_context;

void trace_tell(void (*tell)(void *context, const char *sentence), void *context)
{
	debug = tell;
	debug_context = context;
}

void trace_start(void)
{
	on = true;
	first = last = time_monotonic_ns();
}

void trace(const char *step)
{
	if (debug)
		debug(debug_context, step);
	if (!on)
		return;
	int64_t now = time_monotonic_ns();
	fprintf(stderr, "%8lld us %8lld us  %s\n", (long long)((now - first) / 1000), (long long)((now - last) / 1000),
		step);
	last = time_monotonic_ns();
}
