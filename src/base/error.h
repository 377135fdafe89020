/*
 * The error value of the whole project.
 *
 * A plain struct of fixed size: it needs no memory, is never freed, and crosses a pipe or a socket as it is.
 * A function that can fail returns 0 or -errno, takes `struct err *err` last and fills it when it fails; its outputs
 * are untouched then. Library code never logs: the edge (a program's main, an API route, a job) reports once.
 *
 * Wrap (err_wrap) where a name is added that the message below does not have, not at every level.
 */
#pragma once

#include "base/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>

struct err {
	int code; /* an errno value, > 0 */
	char msg[1020];
};

/* Sets code and text; returns -code. A code of 0 is our own fault and becomes EINVAL. */
int err_set(struct err *err, int code, const char *format, ...) printf_like(3, 4);

/* As err_set with the current errno; ": strerror" is appended to the text. Returns -errno. */
int err_sys(struct err *err, const char *format, ...) printf_like(2, 3);

/* Puts "text: " in front of the message that is there; keeps the code. Returns -code. */
int err_wrap(struct err *err, const char *format, ...) printf_like(2, 3);

/* Tells the compiler that the three above never return 0 or more, so that it sees which outputs are set. */
static inline int err_failed(int result)
{
	if (result >= 0)
		__builtin_unreachable();
	return result;
}
#define err_set(...) err_failed(err_set(__VA_ARGS__))
#define err_sys(...) err_failed(err_sys(__VA_ARGS__))
#define err_wrap(...) err_failed(err_wrap(__VA_ARGS__))

/* A fault of ours, never the user's: prints file, line and text on standard error and aborts. */
_Noreturn void bug_at(const char *file, int line, const char *format, ...) printf_like(3, 4);
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

/* Out of memory ends the process: containers outlive it. x_ allocators never return NULL. */
void *x_alloc(size_t size); /* zeroed */
void *x_realloc(void *pointer, size_t size);
char *x_strdup(const char *text);
char *x_strndup(const char *text, size_t length);
char *x_printf(const char *format, ...) printf_like(1, 2);
