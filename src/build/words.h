/*
 * Words of an instruction's arguments. Used by the parser alone.
 */
#pragma once

#include "base/arena.h"

/* At spaces. */
char **words_split(struct arena *arena, const char *text);

/* At spaces outside quotes; quotes and escapes stay as they are. */
char **words_split_quoted(struct arena *arena, const char *text, char escape);

/* ["a", "b"]; false when it is no JSON list of strings. */
bool words_json(struct arena *arena, const char *text, char ***out_words);
