/*
 * Names of containers: which are valid, and making one up.
 */
#pragma once

#include "base/error.h"

enum { NAME_TEXT = 64 };

/* [a-zA-Z0-9][a-zA-Z0-9_.-]+ without a leading "/". -EINVAL with Docker's text. */
int name_check(const char *name, struct err *err) must_check;

/* "adjective_surname"; from the second attempt on with a digit behind. */
void name_make_up(unsigned attempt, char out_name[NAME_TEXT]);
