#include "base/key_sequence.h"

#include <string.h>

bool key_sequence_filter(struct key_sequence *sequence, const char *data, size_t size, char *out, size_t *out_size)
{
	size_t count = 0;
	for (size_t i = 0; i < size; i++) {
		uint8_t c = (uint8_t)data[i];
		if (sequence->count > 0 && c == sequence->keys[sequence->seen]) {
			if (++sequence->seen < sequence->count)
				continue;
			sequence->seen = 0;
			*out_size = count;
			return true;
		}
		/* It was none: what was held back goes out; this byte may begin another. */
		memcpy(out + count, sequence->keys, sequence->seen);
		count += sequence->seen;
		sequence->seen = sequence->count > 1 && c == sequence->keys[0];
		if (sequence->seen == 0)
			out[count++] = (char)c;
	}
	*out_size = count;
	return false;
}
