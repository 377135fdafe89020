/*
 * The user's terminal: raw while a container's terminal is shown in it, and back as it was on every way out.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* Puts the terminal on fd into raw mode. It is restored by terminal_restore, and at exit. */
int terminal_raw(int fd, struct err *err) must_check;
void terminal_restore(void);

/* Whether what is typed is shown; restored at exit like the raw mode. */
int terminal_echo(int fd, bool on, struct err *err) must_check;

/* The size of the terminal on standard output; false when there is none. */
bool terminal_size(uint16_t *out_height, uint16_t *out_width);
