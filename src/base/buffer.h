/*
 * A growing byte buffer that is born with its maximum.
 *
 * Appends need no check one by one: an append that would pass the maximum appends nothing and marks the buffer; ask
 * once, at the end, with buf_check(). data is always followed by a NUL that len does not count; data is NULL while
 * empty.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
};

#define BUF_INIT(maximum)        \
	{                        \
		.max = (maximum) \
	}

void buf_done(struct buf *buf);	 /* frees; the buffer is empty and usable again */
void buf_reset(struct buf *buf); /* len 0, memory kept, mark cleared */

void buf_append(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char byte);
/*
 * Text that somebody else chose, for a terminal: what would command it (C0 and C1 controls, DEL, marks of direction,
 * bytes that are not UTF-8) comes as \xNN or \u{N}. Characters in `keep` ("\n\t") stay.
 */
void buf_printable(struct buf *buf, const char *text, const char *keep);
void buf_printf(struct buf *buf, const char *format, ...) printf_like(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args);

/* Room for size more bytes at the end, or NULL past the maximum. Count what was written with buf_grown(). */
char *buf_room(struct buf *buf, size_t size);
void buf_grown(struct buf *buf, size_t size);

/* Drops size bytes from the front. */
void buf_consume(struct buf *buf, size_t size);

/* 0, or -E2BIG with "what is larger than N bytes" when an append did not fit. */
int buf_check(const struct buf *buf, const char *what, struct err *err) must_check;

/* The text, owned by the caller, never NULL; the buffer is empty afterwards. */
char *buf_take(struct buf *buf);

/* The text for reading, "" when empty. */
static inline const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

#define auto_buf __attribute__((cleanup(buf_done))) struct buf
