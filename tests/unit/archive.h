/*
 * Tar archives made to order, for tests: right ones, and wrong ones byte by byte.
 */
#pragma once

#include "base/buffer.h"

#include <string.h>

struct archive_entry {
	char type; /* '0' when left out */
	const char *name, *link;
	unsigned mode; /* 0644 or 0755 when left out */
	unsigned uid, gid;
	long long mtime;
	const char *data;
	size_t size; /* strlen(data) when left out */
	unsigned major, minor;
	const char *magic;    /* "ustar\00000" when left out; 8 bytes */
	const char *raw_size; /* 12 bytes in place of the octal size */
	bool no_data;	      /* the header alone */
	bool bad_sum;
};

static inline void archive_pad(struct buf *buf)
{
	static const char zeros[512];
	buf_append(buf, zeros, (512 - buf->len % 512) % 512);
}

/* Octal digits that fill width bytes but the last. */
static inline void archive_octal(char *field, size_t width, unsigned long long value)
{
	field[width - 1] = 0;
	for (size_t i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

static inline void archive_sum(char block[512], bool wrong)
{
	unsigned sum = 0;
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	archive_octal(block + 148, 7, sum + wrong);
}

static inline void archive_add_entry(struct buf *buf, const struct archive_entry *entry)
{
	char block[512] = {0};
	size_t size = entry->size ? entry->size : entry->data ? strlen(entry->data) : 0;
	char type = entry->type ? entry->type : '0';
	unsigned mode = entry->mode ? entry->mode : type == '5' ? 0755 : 0644;
	strncpy(block, entry->name, 100);
	archive_octal(block + 100, 8, mode);
	archive_octal(block + 108, 8, entry->uid);
	archive_octal(block + 116, 8, entry->gid);
	archive_octal(block + 124, 12, size);
	if (entry->raw_size)
		memcpy(block + 124, entry->raw_size, 12);
	archive_octal(block + 136, 12, (unsigned long long)entry->mtime);
	block[156] = type;
	if (entry->link)
		strncpy(block + 157, entry->link, 100);
	memcpy(block + 257, entry->magic ? entry->magic : "ustar\00000", 8);
	archive_octal(block + 329, 8, entry->major);
	archive_octal(block + 337, 8, entry->minor);
	archive_sum(block, entry->bad_sum);
	buf_append(buf, block, sizeof block);
	if (!entry->no_data && entry->data) {
		buf_append(buf, entry->data, size);
		archive_pad(buf);
	}
}

/* archive_add(&buf, .name = "a", .data = "text"); */
#define archive_add(buf, ...) archive_add_entry((buf), &(struct archive_entry){__VA_ARGS__})

/* One record "LENGTH KEY=VALUE\n" at the end of records. */
static inline void archive_record(struct buf *records, const char *key, const void *value, size_t size)
{
	size_t body = strlen(key) + size + 3, length = body + 1;
	char text[32];
	while (length != body + (size_t)snprintf(text, sizeof text, "%zu", length))
		length = body + strlen(text);
	buf_printf(records, "%zu %s=", length, key);
	buf_append(records, value, size);
	buf_char(records, '\n');
}

/* A pax header with key, value, key, value ..., NULL. */
static inline void archive_pax(struct buf *buf, const char *const *pairs)
{
	struct buf records = BUF_INIT(4 << 20);
	for (; *pairs; pairs += 2)
		archive_record(&records, pairs[0], pairs[1], strlen(pairs[1]));
	archive_add(buf, .type = 'x', .name = "PaxHeaders/x", .data = buf_str(&records), .size = records.len);
	buf_done(&records);
}
#define PAX(...)                  \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static inline void archive_end(struct buf *buf)
{
	static const char zeros[1024];
	buf_append(buf, zeros, sizeof zeros);
}
