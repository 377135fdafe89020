#include "base/error.h"

#include <string.h>

static int err_fill(struct err *err, int code, const char *suffix, const char *format, va_list args)
{
	if (code <= 0)
		code = EINVAL;
	err->code = code;
	int length = vsnprintf(err->msg, sizeof err->msg, format, args);
	if (length < 0)
		length = 0;
	if (suffix && (size_t)length < sizeof err->msg)
		snprintf(err->msg + length, sizeof err->msg - (size_t)length, ": %s", suffix);
	return -code;
}

int(err_set)(struct err *err, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int result = err_fill(err, code, NULL, format, args);
	va_end(args);
	return result;
}

int(err_sys)(struct err *err, const char *format, ...)
{
	int code = errno;
	va_list args;
	va_start(args, format);
	int result = err_fill(err, code, strerror(code), format, args);
	va_end(args);
	return result;
}

int(err_wrap)(struct err *err, const char *format, ...)
{
	char inner[sizeof err->msg];
	memcpy(inner, err->msg, sizeof inner);
	va_list args;
	va_start(args, format);
	int result = err_fill(err, err->code, inner, format, args);
	va_end(args);
	return result;
}

_Noreturn void bug_at(const char *file, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "bug at %s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "out of memory\n";
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
		/* nobody listens */
	}
	abort();
}

void *x_alloc(size_t size)
{
	void *pointer = calloc(1, size ? size : 1);
	if (!pointer)
		out_of_memory();
	return pointer;
}

void *x_realloc(void *pointer, size_t size)
{
	void *moved = realloc(pointer, size ? size : 1);
	if (!moved)
		out_of_memory();
	return moved;
}

char *x_strndup(const char *text, size_t length)
{
	length = strnlen(text, length);
	char *copy = x_alloc(length + 1);
	memcpy(copy, text, length);
	return copy;
}

char *x_strdup(const char *text)
{
	return x_strndup(text, strlen(text));
}

char *x_printf(const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		BUG("format %s", format);
	char *text = x_alloc((size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
