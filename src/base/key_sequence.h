/*
 * A short sequence of bytes looked for in a stream: what may be its beginning is held back until the next bytes tell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_SEQUENCE_MAX = 16 };

struct key_sequence {
	uint8_t keys[KEY_SEQUENCE_MAX];
	uint8_t count; /* 0: never found */
	uint8_t seen;  /* of them, held back */
};

/* Copies data to out, which has room for size + KEY_SEQUENCE_MAX bytes. True at the end of the sequence; what follows
 * it in data is dropped. */
bool key_sequence_filter(struct key_sequence *sequence, const char *data, size_t size, char *out, size_t *out_size);
