/*
 * The keys that leave a container's terminal without ending it: "ctrl-p,ctrl-q", "ctrl-@", "a,b".
 */
#pragma once

#include "base/error.h"

#include <stddef.h>

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t count; /* 0: none */
	size_t seen;  /* of them, so far */
};

/* NULL or "": ctrl-p,ctrl-q. -EINVAL. */
int detach_keys_parse(const char *text, struct detach_keys *out_keys, struct err *err) must_check;

/*
 * Takes typed bytes and writes what is to be sent to out (room for size + DETACH_KEYS_MAX): the beginning of a sequence
 * is held back until it is clear that it is none. True when the sequence is complete.
 */
bool detach_keys_filter(struct detach_keys *keys, const char *data, size_t size, char *out, size_t *out_size);
