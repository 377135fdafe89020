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

/* The length of the UTF-8 sequence at the front, and its value; 0 for none that is well formed. */
static size_t character_read(const unsigned char *text, uint32_t *out_value)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = text[0] < 0x80		 ? 1
		      : (text[0] & 0xe0) == 0xc0 ? 2
		      : (text[0] & 0xf0) == 0xe0 ? 3
		      : (text[0] & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t value = size == 1 ? text[0] : text[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3f);
	}
	*out_value = value;
	return size > 1 && (value < least[size] || value > 0x10ffff) ? 0 : size;
}

static bool character_commands(uint32_t value)
{
	return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0x61c ||
	       (value >= 0x200e && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
	       (value >= 0x2066 && value <= 0x2069);
}

void buf_printable(struct buf *buf, const char *text, const char *keep)
{
	while (*text) {
		uint32_t value = 0;
		size_t size = character_read((const unsigned char *)text, &value);
		if (size == 0)
			buf_printf(buf, "\\x%02x", (unsigned char)*text);
		else if (size == 1 && value < 0x20 && strchr(keep, (int)value))
			buf_char(buf, *text);
		else if (size == 1 && character_commands(value))
			buf_printf(buf, "\\x%02x", value);
		else if (character_commands(value))
			buf_printf(buf, "\\u{%x}", value);
		else
			buf_append(buf, text, size);
		text += size == 0 ? 1 : size;
	}
}
