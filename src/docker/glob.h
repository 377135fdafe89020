/*
 * Patterns for names, as Go's filepath.Match reads them: `*` and `?` within one component, `[a-z]`, `[^a]`, and `\`
 * that takes the next character as it is. With GLOB_DEEP also `**`: any number of components, and none.
 *
 * A pattern is matched in time proportional to its length times the name's, whatever it says. Pure.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum { GLOB_MAX = 4096 };

enum glob_kind { GLOB_PLAIN, GLOB_DEEP };

struct glob;

/* -EINVAL "syntax error in pattern". It lives in the arena. */
int glob_compile(struct arena *arena, const char *pattern, enum glob_kind kind, const struct glob **out_glob,
		 struct err *err) must_check;

bool glob_match(const struct glob *glob, const char *name, size_t size);

/* Whether a text has anything of a pattern in it; otherwise it stands for itself. */
bool glob_is_pattern(const char *text);
