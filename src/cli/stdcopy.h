/*
 * The framed stream of a container without a terminal: 8-byte headers {stream, 0, 0, 0, size (big-endian)} in front of
 * each piece of standard output and error. A pure state machine that takes any pieces.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum stdcopy_stream { STDCOPY_IN, STDCOPY_OUT, STDCOPY_ERR, STDCOPY_FAULT };

struct stdcopy {
	uint8_t head[8];
	size_t head_size;
	uint32_t left; /* of the piece */
};

/*
 * The next payload in data: out_piece and out_size (0: none in these bytes) of out_stream, after which out_used bytes
 * are dealt with. Call again until all is used. -EPROTO for an unknown stream.
 */
int stdcopy_read(struct stdcopy *copy, const char *data, size_t size, size_t *out_used, enum stdcopy_stream *out_stream,
		 const char **out_piece, size_t *out_size, struct err *err) must_check;
