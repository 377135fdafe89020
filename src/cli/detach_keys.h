/*
 * The keys that leave a container's terminal without ending it: "ctrl-p,ctrl-q", "ctrl-@", "a,b".
 */
#pragma once

#include "base/error.h"
#include "base/key_sequence.h"

/* NULL or "": ctrl-p,ctrl-q. -EINVAL. */
int detach_keys_parse(const char *text, struct key_sequence *out_keys, struct err *err) must_check;
