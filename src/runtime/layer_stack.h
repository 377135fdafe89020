/*
 * An overlay of layers, with or without a place to write. Links libc and base only; the caller is in a mount namespace
 * of its own.
 */
#pragma once

#include "base/error.h"

struct layer_stack {
	char *const *lower;	  /* top first, absolute; NULL or empty: upper alone */
	const char *upper, *work; /* absolute; NULL: read-only */
	bool lose_on_crash;	  /* "volatile": no fsync */
};

/* Mounts it on target, absolute. -E2BIG for more layers than this kernel's mount call takes. */
int layer_stack_mount(const struct layer_stack *overlay, const char *target, struct err *err) must_check;
