/*
 * Variables in a Dockerfile's words: $name, ${name}, and the operators - :- + :+ ? :? # ## % %% / //, within quotes and
 * escapes as BuildKit's shell lexer reads them. Quotes are taken away. Pure; depth, size and work are bounded, whatever
 * the text says.
 */
#pragma once

#include "base/arena.h"

enum { EXPAND_SIZE_MAX = 1 << 20, EXPAND_DEPTH_MAX = 64 };

struct expand_scope {
	/* The value, or NULL when it is not set. */
	const char *(*get)(void *cookie, const char *name);
	/* A name without a value was used plainly; NULL: nobody asks. */
	void (*missing)(void *cookie, const char *name);
	void *cookie;
	char escape;
	bool keep_quotes; /* heredocs: quotes are text, escapes only before "$" and the escape itself */
};

/* -EINVAL: bad syntax, or a required variable is missing; -E2BIG. In the arena. */
int expand_word(struct arena *arena, const struct expand_scope *scope, const char *text, char **out_text,
		struct err *err) must_check;

/* The same, then split where spaces came out of variables or stood between words: EXPOSE. */
int expand_words(struct arena *arena, const struct expand_scope *scope, const char *text, char ***out_words,
		 struct err *err) must_check;
