/*
 * The word that somebody who mistyped one may have meant.
 */
#pragma once

#include "base/error.h"

/* The nearest of `count` words, at most two letters wrong, dropped, added or exchanged; NULL: none is near. */
const char *suggest(const char *word, const char *const *words, size_t count);
