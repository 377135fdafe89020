/*
 * Terminals of containers on the caller's side: handed over a console socket, or held here while a command stays in the
 * foreground.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Connects before anything is made. */
int console_socket_connect(const char *path, int *out_socket, struct err *err) must_check;
/* The master, with the terminal's name as the message. Closes both. */
int console_socket_send(int socket, int master, struct err *err) must_check;

/*
 * Until pid, a child of ours, has ended: signals are passed on to it; master (-1: none) is joined to our own terminal
 * or streams. *out_status as from waitpid. console_block has to be called before the child is made.
 */
void console_block(void);
/* Before the program runs: our terminal's size; a line end stays one, as under runc. */
void console_prepare(int master);
int console_attend(pid_t pid, int master, int *out_status, struct err *err) must_check;
