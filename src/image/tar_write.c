#include "image/tar_write.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_WIDTH = 100,
	PREFIX_WIDTH = 155,
	OCTAL_ID_MAX = 07777777, /* seven digits */
};
#define OCTAL_SIZE_MAX 077777777777LL /* eleven digits */

/* A header block, POSIX ustar. */
struct block {
	char name[NAME_WIDTH], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[NAME_WIDTH], magic[6],
	    version[2], user[32], group[32], major[8], minor[8], prefix[PREFIX_WIDTH], rest[12];
};
_Static_assert(sizeof(struct block) == TAR_BLOCK, "a tar header");

static const char type_letters[] = {
    [TAR_FILE] = '0',	      [TAR_HARD_LINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
    [TAR_BLOCK_DEVICE] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6',
};

/* Octal digits that fill the field but its last byte, a NUL. */
static void octal(char *field, size_t width, uint64_t value)
{
	for (size_t i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[width - 1] = 0;
}

static void block_append(struct buf *out, struct block *block)
{
	unsigned sum = 0;
	memcpy(block->magic, "ustar", 6);
	memcpy(block->version, "00", 2);
	memset(block->sum, ' ', sizeof block->sum);
	for (size_t i = 0; i < sizeof *block; i++)
		sum += ((const uint8_t *)block)[i];
	octal(block->sum, 7, sum);
	buf_append(out, block, sizeof *block);
}

/* --- pax records --- */

/* One record "LENGTH KEY=VALUE\n", whose length counts itself. */
static void record(struct buf *records, const char *key, const void *value, size_t size)
{
	size_t body = strlen(key) + size + 3, length = body, digits;
	do {
		digits = 1;
		for (size_t rest = length; rest >= 10; rest /= 10)
			digits++;
		if (length == body + digits)
			break;
		length = body + digits;
	} while (true);
	buf_printf(records, "%zu %s=", length, key);
	buf_append(records, value, size);
	buf_char(records, '\n');
}

static void record_text(struct buf *records, const char *key, const char *text)
{
	record(records, key, text, strlen(text));
}

static void record_number(struct buf *records, const char *key, int64_t number)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)number);
	record_text(records, key, text);
}

static int xattr_order(const void *a, const void *b)
{
	return strcmp((*(const struct tar_xattr *const *)a)->name, (*(const struct tar_xattr *const *)b)->name);
}

static void record_xattrs(struct buf *records, const struct tar_entry *entry)
{
	auto_free const struct tar_xattr **sorted = x_alloc((entry->xattr_count + 1) * sizeof *sorted);
	for (size_t i = 0; i < entry->xattr_count; i++)
		sorted[i] = &entry->xattrs[i];
	qsort(sorted, entry->xattr_count, sizeof *sorted, xattr_order);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		auto_free char *key = x_printf("SCHILY.xattr.%s", sorted[i]->name);
		record(records, key, sorted[i]->value, sorted[i]->size);
	}
}

/* The pax header with what is in records, which all concern the entry that follows. */
static void pax_append(struct buf *out, const char *name, const struct buf *records)
{
	struct block block = {.type = 'x'};
	const char *end = name + strlen(name);
	while (end > name && end[-1] == '/')
		end--;
	const char *leaf = end;
	while (leaf > name && leaf[-1] != '/')
		leaf--;
	/* For programs that do not know pax and unpack it as a file; the name does not matter otherwise. */
	snprintf(block.name, sizeof block.name, "PaxHeaders.0/%.*s", (int)(end - leaf < 80 ? end - leaf : 80), leaf);
	octal(block.mode, sizeof block.mode, 0644);
	octal(block.uid, sizeof block.uid, 0);
	octal(block.gid, sizeof block.gid, 0);
	octal(block.size, sizeof block.size, records->len);
	octal(block.mtime, sizeof block.mtime, 0);
	block_append(out, &block);
	buf_append(out, buf_str(records), records->len);
	static const char zeros[TAR_BLOCK];
	buf_append(out, zeros, tar_write_padding(records->len));
}

/* --- entries --- */

/* Where a name is cut into prefix and name; NULL: it does not fit. */
static const char *name_split(const char *name, size_t size)
{
	if (size > PREFIX_WIDTH + 1 + NAME_WIDTH)
		return NULL;
	/* The first slash whose rest fits leaves the shortest prefix. */
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t before = (size_t)(slash - name), behind = size - before - 1;
		if (before > PREFIX_WIDTH)
			return NULL;
		if (before > 0 && behind > 0 && behind <= NAME_WIDTH)
			return slash;
	}
	return NULL;
}

static void name_fill(struct block *block, struct buf *records, const char *name)
{
	size_t size = strlen(name);
	const char *cut = size > NAME_WIDTH ? name_split(name, size) : NULL;
	if (size <= NAME_WIDTH) {
		memcpy(block->name, name, size);
	} else if (cut) {
		memcpy(block->prefix, name, (size_t)(cut - name));
		memcpy(block->name, cut + 1, size - (size_t)(cut - name) - 1);
	} else {
		memcpy(block->name, name, NAME_WIDTH);
		record_text(records, "path", name);
	}
}

/* A number that does not fit its field is 0 there and right in the record. */
static void number_fill(char *field, size_t width, struct buf *records, const char *key, int64_t number, int64_t max)
{
	bool fits = number >= 0 && number <= max;
	octal(field, width, fits ? (uint64_t)number : 0);
	if (!fits)
		record_number(records, key, number);
}

int tar_write_header(struct buf *out, const struct tar_entry *entry, struct err *err)
{
	struct block block = {.type = type_letters[entry->type]};
	auto_buf records = BUF_INIT(TAR_RECORD_MAX);
	bool directory = entry->type == TAR_DIRECTORY,
	     device = entry->type == TAR_CHAR || entry->type == TAR_BLOCK_DEVICE;
	auto_free char *name = x_printf("%s%s", entry->name, directory && !text_ends(entry->name, "/") ? "/" : "");
	size_t link = entry->link ? strlen(entry->link) : 0;
	if (strlen(name) >= PATH_MAX || link >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%.64s...: the name is too long for an archive", name);
	record_xattrs(&records, entry);
	octal(block.mode, sizeof block.mode, entry->mode & 07777);
	number_fill(block.gid, sizeof block.gid, &records, "gid", entry->gid, OCTAL_ID_MAX);
	if (link > NAME_WIDTH)
		record_text(&records, "linkpath", entry->link);
	memcpy(block.link, entry->link ? entry->link : "", link < NAME_WIDTH ? link : NAME_WIDTH);
	number_fill(block.mtime, sizeof block.mtime, &records, "mtime", entry->mtime.tv_sec, OCTAL_SIZE_MAX);
	name_fill(&block, &records, name);
	number_fill(block.size, sizeof block.size, &records, "size", entry->type == TAR_FILE ? (int64_t)entry->size : 0,
		    OCTAL_SIZE_MAX);
	number_fill(block.uid, sizeof block.uid, &records, "uid", entry->uid, OCTAL_ID_MAX);
	if (device) {
		octal(block.major, sizeof block.major, entry->major);
		octal(block.minor, sizeof block.minor, entry->minor);
	}
	if (records.overflow)
		return err_set(err, E2BIG, "%.256s: its attributes are larger than %d bytes", entry->name,
			       TAR_RECORD_MAX);
	if (records.len > 0)
		pax_append(out, name, &records);
	block_append(out, &block);
	return 0;
}

size_t tar_write_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

void tar_write_end(struct buf *out)
{
	static const char zeros[2 * TAR_BLOCK];
	buf_append(out, zeros, sizeof zeros);
}
