/*
 * From a logical line to an instruction. Used by the parser alone: dockerfile.h is what others see.
 */
#pragma once

#include "build/dockerfile.h"

/* text, origin, first_line and origins are there: keyword, kind, name and args. */
int instruction_begin(struct arena *arena, struct instruction *instruction, struct err *err) must_check;

/* ... and, when the heredocs are there too, the rest. */
int instruction_complete(struct arena *arena, struct instruction *instruction, char escape, struct err *err) must_check;

/* Both; a text without heredocs and places. */
int instruction_read(struct arena *arena, const char *origin, char *text, char escape,
		     struct instruction **out_instruction, struct err *err) must_check;
