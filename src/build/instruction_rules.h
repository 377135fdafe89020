/*
 * The instructions, their forms and flags: one row each. Used by the parser alone.
 */
#pragma once

#include "build/dockerfile.h"

enum instruction_form {
	FORM_TEXT,	/* one text: USER, WORKDIR, STOPSIGNAL, MAINTAINER */
	FORM_WORDS,	/* words at spaces: FROM, EXPOSE */
	FORM_COMMAND,	/* JSON or one text: RUN, CMD, ENTRYPOINT */
	FORM_LIST,	/* JSON or words: ADD, COPY, VOLUME */
	FORM_JSON,	/* JSON only: SHELL */
	FORM_PAIRS,	/* k=v ... or "k v": ENV, LABEL */
	FORM_ARGUMENTS, /* k or k=v ...: ARG */
	FORM_HEALTH,
	FORM_TRIGGER,
};

enum { INSTRUCTION_FLAGS_MAX = 10 };

struct instruction_rule {
	const char *name;
	enum instruction_kind kind;
	enum instruction_form form;
	bool heredocs;
	const char *flags[INSTRUCTION_FLAGS_MAX];
};

extern const struct instruction_rule instruction_rules[];
extern const size_t instruction_rule_count;

/* Without regard to case; NULL. */
const struct instruction_rule *instruction_rule_find(const char *word);
