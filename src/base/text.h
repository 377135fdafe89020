/*
 * Strings and strict numbers. A number is digits and nothing else: no sign where none is allowed, no space, no suffix,
 * no octal or hexadecimal reading; a value outside the asked range is an error that names the range.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

static inline bool text_equal(const char *a, const char *b)
{
	return __builtin_strcmp(a, b) == 0;
}

/* The rest of text behind prefix, or NULL. */
const char *text_after(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_empty(const char *text); /* NULL or "" */

/* The length of the UTF-8 sequence at text: 1 to 4, or 0 when it is none (overlong, surrogate, cut). A zero byte is 1.
 */
size_t text_sequence(const char *text);
/* Where the first byte that is no UTF-8 stands, or size. */
size_t text_invalid(const char *text, size_t size);

/* "what" names the value in the message: `what: "12x" is not a number from MIN to MAX`. -EINVAL or -ERANGE. */
int number_parse(const char *text, int64_t min, int64_t max, const char *what, int64_t *out_value,
		 struct err *err) must_check;
int number_parse_u64(const char *text, uint64_t max, const char *what, uint64_t *out_value, struct err *err) must_check;
bool text_is_digits(const char *text); /* at least one character, all of them 0-9 */

/* NULL-terminated lists of heap strings; the destructor takes NULL. */
size_t strv_count(char *const *list);
char **strv_copy(char *const *list);
void strv_push(char ***list, char *owned);
void strv_free(char **list);
char **strv_split(const char *text, char separator); /* empty pieces are kept; "" gives one empty piece */
static inline void cleanup_strv(char ***list)
{
	strv_free(*list);
}
#define auto_strv __attribute__((cleanup(cleanup_strv)))

/* Writes size bytes as 2*size lower-case hex digits and a NUL. */
void hex_encode(const void *data, size_t size, char *out_text);
