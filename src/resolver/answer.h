/*
 * What is answered here and what is asked of others. Pure.
 */
#pragma once

#include "resolver/packet.h"

/*
 * 1: the answer is in `out`; 0: a name of the world outside (the container may not ask there: forwards is false; then
 * it does not exist). Addresses come in an order of chance. -EINVAL: it cannot be answered.
 */
int answer_make(const struct table_entry *entry, bool forwards, const struct packet_query *query, size_t limit,
		struct buf *out) must_check;
