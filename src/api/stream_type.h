/*
 * The media type of a container's output: raw for a terminal, framed by 8-byte headers otherwise.
 */
#pragma once

#include "api/exchange.h"

/* Before API 1.42 both are called raw; attach and exec never know better when the client did not ask. */
static inline const char *stream_type(const struct exchange *x, bool raw)
{
	return raw || x->minor < 42 ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
}
