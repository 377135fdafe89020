/*
 * The word that somebody who mistyped one may have meant.
 */
#pragma once

#include "base/error.h"

/*
 * The nearest of the known words: fewer than `far` letters are wrong, missing, too many or exchanged with a neighbour,
 * and fewer than it has. NULL: none is near.
 */
enum { NEAREST_FAR = 4 };
const char *word_nearest(const char *word, const char *const *known, size_t count, unsigned far);
