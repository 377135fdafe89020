#include "base/buffer.h"

#include <string.h>

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT(buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data)
		buf->data[0] = 0;
}

char *buf_room(struct buf *buf, size_t size)
{
	if (buf->overflow || size > buf->max || buf->len > buf->max - size) {
		buf->overflow = true;
		return NULL;
	}
	size_t need = buf->len + size + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap ? buf->cap : 64;
		while (cap < need)
			cap *= 2;
		buf->data = x_realloc(buf->data, cap);
		buf->cap = cap;
		buf->data[buf->len] = 0;
	}
	return buf->data + buf->len;
}

void buf_grown(struct buf *buf, size_t size)
{
	if (size >= buf->cap - buf->len)
		BUG("buf_grown past the room");
	buf->len += size;
	buf->data[buf->len] = 0;
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
	char *room = buf_room(buf, size);
	if (!room)
		return;
	if (size)
		memcpy(room, data, size);
	buf_grown(buf, size);
}

void buf_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		BUG("format %s", format);
	char *room = buf_room(buf, (size_t)length);
	if (room) {
		vsnprintf(room, (size_t)length + 1, format, again);
		buf_grown(buf, (size_t)length);
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_consume(struct buf *buf, size_t size)
{
	if (size > buf->len)
		BUG("buf_consume of %zu bytes out of %zu", size, buf->len);
	if (!size)
		return;
	memmove(buf->data, buf->data + size, buf->len - size + 1);
	buf->len -= size;
}

int buf_check(const struct buf *buf, const char *what, struct err *err)
{
	if (buf->overflow)
		return err_set(err, E2BIG, "%s is larger than %zu bytes", what, buf->max);
	return 0;
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data ? buf->data : x_alloc(1);
	*buf = (struct buf)BUF_INIT(buf->max);
	return text;
}
