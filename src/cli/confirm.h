/*
 * The question before something is removed for good.
 */
#pragma once

#include <stdbool.h>

/* Prints the warning and Docker's question; true after y or Y. The end of the input is a no. */
bool confirm(const char *warning);
