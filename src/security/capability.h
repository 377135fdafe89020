/*
 * Capabilities: names, numbers, sets as 64-bit masks, and Docker's rules for --cap-add and --cap-drop.
 *
 * Names are read in any case, with or without "CAP_"; they are written as "CAP_CHOWN". capabilities(7)
 * Pure but for capability_known(), which asks the kernel.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum { CAPABILITY_NAMED = 41 }; /* CAP_CHOWN (0) to CAP_CHECKPOINT_RESTORE (40) have a name here */

/* Docker's fourteen. */
#define CAPABILITY_DEFAULT UINT64_C(0x00000000a80425fb)

static inline uint64_t capability_bit(int number)
{
	return UINT64_C(1) << number;
}

int capability_number(const char *name); /* -1 when there is none of that name */
const char *capability_name(int number); /* "CAP_CHOWN"; NULL when it has none */

/* Every capability that the running kernel has and this file names. PR_CAPBSET_READ, no /proc. */
uint64_t capability_known(void);

/* Those of them that this process could give to another: its bounding set, which a container around us may have cut. */
uint64_t capability_own(void);

/* The set of a NULL-terminated list (NULL: empty). An unknown name is -EINVAL. */
int capability_set(char *const *names, uint64_t *out_set, struct err *err) must_check;

/* The names of a set in the order of their numbers, NULL-terminated. */
char **capability_names(struct arena *arena, uint64_t set);

/*
 * Docker's rules: drop ALL: only what is added; add ALL: `known` without what is dropped; otherwise `base` without the
 * drops, with the adds. The word ALL is read in any case. A name that does not exist is -EINVAL, one that `known` does
 * not have too.
 */
int capability_adjust(uint64_t base, uint64_t known, char *const *add, char *const *drop, uint64_t *out_set,
		      struct err *err) must_check;
