/*
 * What is questionable in a Dockerfile, in the words of Docker's build checks. Collected while the Dockerfile is read
 * and planned; `# check=skip=A,B` or skip=all takes rules out, error=true makes warnings a failure. Pure.
 */
#pragma once

#include "build/plan.h"

enum { LINT_MAX = 500 };

struct lint {
	struct arena *arena;
	JSON_LIST(struct build_warning) warnings;
	size_t room;
	char **skipped, **experimental;
	bool skip_all, error;
};

/* config: the directive, or NULL. -EINVAL. */
int lint_begin(struct lint *lint, struct arena *arena, const char *config, struct err *err) must_check;

/* The message of a rule, once per line. */
void lint_warn(struct lint *lint, const char *rule, const struct instruction *instruction, const char *format, ...)
    printf_like(4, 5);

/* What the text alone shows: casing, forms, names, continuations. */
void lint_dockerfile(struct lint *lint, const struct dockerfile *file);
