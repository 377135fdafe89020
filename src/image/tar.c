#include "image/tar.h"

#include "base/text.h"
#include "image/tar_pax.h"

#include <stddef.h>
#include <string.h>

/* Offsets and widths in a header block. */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337,
	AT_PREFIX = 345,
	AT_STAR = 508,
	NAME_WIDTH = 100,
	PREFIX_WIDTH = 155,
	STAR_PREFIX_WIDTH = 131,
	/* GNU's old sparse files */
	AT_SPARSE = 386,
	AT_SPARSE_MORE = 482,
	AT_REAL_SIZE = 483,
	SPARSE_IN_HEADER = 4,
	SPARSE_IN_BLOCK = 21,
	AT_BLOCK_MORE = 504,
	MAJOR_MAX = (1 << 12) - 1,
	MINOR_MAX = (1 << 20) - 1, /* of a device number in the kernel */
	DRAIN_MAX = 64 << 20,	   /* zeros behind the end */
};

void tar_init(struct tar *tar, struct stream *source)
{
	memset(tar, 0, offsetof(struct tar, block));
	tar->ended = false;
	tar->source = source;
}

void tar_done(struct tar *tar)
{
	arena_done(&tar->arena);
}

static int bad(const struct tar *tar, struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "bad archive at byte %llu: %s", (unsigned long long)tar->offset, what);
}

/* --- bytes --- */

/* Makes sure that the piece holds something; 0 at the end of the stream. */
static int fill(struct tar *tar, struct err *err)
{
	if (tar->left)
		return 1;
	int result = stream_next(tar->source, &tar->piece, &tar->left, err);
	return result < 0 ? result : tar->left > 0;
}

static void lend(struct tar *tar, size_t size)
{
	tar->piece += size;
	tar->left -= size;
	tar->offset += size;
}

static void consume(struct tar *tar, size_t size)
{
	if (tar->tap)
		tar->tap(tar, tar->piece, size);
	lend(tar, size);
}

static int read_bytes(struct tar *tar, void *data, size_t size, size_t *out_got, struct err *err)
{
	size_t got = 0;
	while (got < size) {
		int result = fill(tar, err);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		size_t here = tar->left < size - got ? tar->left : size - got;
		memcpy((char *)data + got, tar->piece, here);
		consume(tar, here);
		got += here;
	}
	*out_got = got;
	return 0;
}

static int read_exactly(struct tar *tar, void *data, size_t size, struct err *err)
{
	size_t got;
	int result = read_bytes(tar, data, size, &got, err);
	if (result == 0 && got != size)
		return bad(tar, err, "it ends in the middle of an entry");
	return result;
}

static int skip(struct tar *tar, uint64_t size, struct err *err)
{
	while (size) {
		int result = fill(tar, err);
		if (result < 0)
			return result;
		if (result == 0)
			return bad(tar, err, "it ends in the middle of an entry");
		size_t here = tar->left < size ? tar->left : (size_t)size;
		consume(tar, here);
		size -= here;
	}
	return 0;
}

/* --- header fields --- */

/* Octal digits between spaces and NULs, or GNU's base 256 with the highest bit set. */
static int number_field(const struct tar *tar, const uint8_t *block, size_t at, size_t width, int64_t *out_number,
			struct err *err)
{
	const uint8_t *field = block + at;
	if (field[0] & 0x80) {
		bool negative = field[0] & 0x40;
		uint64_t value = negative ? ~0ULL << 7 | field[0] : field[0] & 0x7f;
		for (size_t i = 1; i < width; i++) {
			if (value >> 55 != (negative ? 0x1ff : 0))
				return bad(tar, err, "a number is too large");
			value = value << 8 | field[i];
		}
		*out_number = (int64_t)value;
		return 0;
	}
	size_t i = 0;
	int64_t value = 0;
	while (i < width && field[i] == ' ')
		i++;
	for (; i < width && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (field[i] - '0'); /* at most 12 digits: 36 bits */
	for (; i < width; i++)
		if (field[i] != ' ' && field[i])
			return bad(tar, err, "a number with other characters than digits");
	*out_number = value;
	return 0;
}

static int bounded_field(const struct tar *tar, const uint8_t *block, size_t at, size_t width, int64_t max,
			 const char *what, int64_t *out_number, struct err *err)
{
	int result = number_field(tar, block, at, width, out_number, err);
	if (result == 0 && (*out_number < 0 || *out_number > max))
		return bad(tar, err, what);
	return result;
}

static bool checksum_right(const uint8_t *block, int64_t expected)
{
	int64_t plain = 0, with_sign = 0; /* old programs added signed characters */
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		uint8_t byte = i >= AT_SUM && i < AT_SUM + 8 ? ' ' : block[i];
		plain += byte;
		with_sign += (int8_t)byte;
	}
	return plain == expected || with_sign == expected;
}

static bool all_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static size_t text_field(const uint8_t *block, size_t at, size_t width, char *out_text)
{
	size_t length = strnlen((const char *)block + at, width);
	memcpy(out_text, block + at, length);
	out_text[length] = 0;
	return length;
}

/* "prefix/name" of POSIX, or name alone. */
static void header_name(const uint8_t *block, char *out_name)
{
	size_t length = 0;
	if (memcmp(block + AT_MAGIC, "ustar\0", 6) == 0) {
		bool star = memcmp(block + AT_STAR, "tar\0", 4) == 0;
		length = text_field(block, AT_PREFIX, star ? STAR_PREFIX_WIDTH : PREFIX_WIDTH, out_name);
		if (length)
			out_name[length++] = '/';
	}
	text_field(block, AT_NAME, NAME_WIDTH, out_name + length);
}

/* --- extensions --- */

/* The payload of an extension header, NUL behind it, in the arena. */
static int payload(struct tar *tar, const uint8_t *block, char **out_data, size_t *out_size, struct err *err)
{
	int64_t size;
	int result =
	    bounded_field(tar, block, AT_SIZE, 12, TAR_RECORD_MAX, "an extension header is too large", &size, err);
	if (result < 0)
		return result;
	char *data = arena_alloc(&tar->arena, (size_t)size + 1);
	result = read_exactly(tar, data, (size_t)size, err);
	if (result == 0)
		result = skip(tar, (TAR_BLOCK - (uint64_t)size % TAR_BLOCK) % TAR_BLOCK, err);
	if (result < 0)
		return result;
	*out_data = data;
	*out_size = (size_t)size;
	return 0;
}

static int gnu_long(struct tar *tar, const uint8_t *block, char **text, struct err *err)
{
	char *data;
	size_t size;
	int result = payload(tar, block, &data, &size, err);
	if (result < 0)
		return result;
	if (*text)
		return bad(tar, err, "a long name comes twice");
	while (size && !data[size - 1])
		size--;
	if (!size || size >= PATH_MAX || memchr(data, 0, size))
		return bad(tar, err, "a long name that is empty, too long or holds NUL");
	*text = data;
	return 0;
}

/* 1: block was an extension header and is read; 0: it is something else. */
static int read_extension(struct tar *tar, const uint8_t *block, struct err *err)
{
	char *data;
	size_t size;
	int result;
	switch (block[AT_TYPE]) {
	case 'L':
		result = gnu_long(tar, block, &tar->extension.path, err);
		break;
	case 'K':
		result = gnu_long(tar, block, &tar->extension.link, err);
		break;
	case 'x':
	case 'X': /* Solaris */
		result = payload(tar, block, &data, &size, err);
		if (result == 0)
			result = tar_pax_parse(&tar->arena, data, size, &tar->extension, err);
		break;
	case 'g':
		result = payload(tar, block, &data, &size, err);
		if (result == 0)
			result = tar_pax_check_global(&tar->arena, data, size, err);
		break;
	default:
		return 0;
	}
	return result < 0 ? result : 1;
}

/* --- sparse files --- */

static int old_sparse_parts(struct tar *tar, const uint8_t *block, size_t at, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++, at += 24) {
		int64_t offset, size;
		if (!block[at] && !block[at + 12])
			break;
		int result = bounded_field(tar, block, at, 12, INT64_MAX, "a negative offset", &offset, err);
		if (result == 0)
			result = bounded_field(tar, block, at + 12, 12, INT64_MAX, "a negative size", &size, err);
		if (result == 0)
			result = tar_sparse_add(&tar->arena, &tar->extension, (uint64_t)offset, (uint64_t)size, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int old_sparse(struct tar *tar, const uint8_t *block, struct err *err)
{
	int64_t real_size;
	if (memcmp(block + AT_MAGIC, "ustar ", 6) != 0 || tar->extension.has_real_size)
		return bad(tar, err, "a sparse file that is not GNU's");
	int result = bounded_field(tar, block, AT_REAL_SIZE, 12, INT64_MAX, "a negative size", &real_size, err);
	if (result == 0)
		result = old_sparse_parts(tar, block, AT_SPARSE, SPARSE_IN_HEADER, err);
	bool more = block[AT_SPARSE_MORE];
	while (result == 0 && more) {
		uint8_t next[TAR_BLOCK];
		result = read_exactly(tar, next, sizeof next, err);
		if (result == 0)
			result = old_sparse_parts(tar, next, 0, SPARSE_IN_BLOCK, err);
		more = next[AT_BLOCK_MORE];
		if (result == 0 && more && !next[0])
			return bad(tar, err, "an empty part of a sparse map");
	}
	if (result < 0)
		return result;
	tar->extension.has_real_size = true;
	tar->extension.has_map = true;
	tar->extension.real_size = (uint64_t)real_size;
	return 0;
}

/* A decimal number on a line of its own in front of the data (1.0). *used counts the bytes. */
static int map_line(struct tar *tar, uint64_t *used, uint64_t *out_number, struct err *err)
{
	char text[24];
	size_t length = 0;
	for (;;) {
		char c;
		if (*used == tar->data_left || length == sizeof text - 1)
			return bad(tar, err, "a bad sparse map");
		int result = read_exactly(tar, &c, 1, err);
		if (result < 0)
			return result;
		++*used;
		if (c == '\n')
			break;
		text[length++] = c;
	}
	text[length] = 0;
	struct err ignored;
	if (number_parse_u64(text, INT64_MAX, "map", out_number, &ignored) < 0)
		return bad(tar, err, "a bad sparse map");
	return 0;
}

static int map_in_data(struct tar *tar, struct err *err)
{
	uint64_t used = 0, count;
	int result = map_line(tar, &used, &count, err);
	if (result == 0 && count > TAR_SPARSE_MAX)
		return bad(tar, err, "a sparse file has too many parts");
	for (uint64_t i = 0; result == 0 && i < count; i++) {
		uint64_t offset, size;
		result = map_line(tar, &used, &offset, err);
		if (result == 0)
			result = map_line(tar, &used, &size, err);
		if (result == 0)
			result = tar_sparse_add(&tar->arena, &tar->extension, offset, size, err);
	}
	uint64_t rest = (TAR_BLOCK - used % TAR_BLOCK) % TAR_BLOCK;
	if (result == 0 && used + rest > tar->data_left)
		return bad(tar, err, "a bad sparse map");
	if (result == 0)
		result = skip(tar, rest, err);
	if (result < 0)
		return result;
	tar->data_left -= used + rest;
	return 0;
}

/* Checks the map against both sizes and puts it into the entry. */
static int finish_sparse(struct tar *tar, struct err *err)
{
	struct tar_extension *extension = &tar->extension;
	uint64_t sum = 0;
	if (tar->entry.type != TAR_FILE || !extension->has_real_size)
		return bad(tar, err, "a sparse map without its file or size");
	if (extension->sparse_major >= 0 || extension->sparse_minor >= 0) {
		bool known = (extension->sparse_major == 1 && extension->sparse_minor == 0) ||
			     (extension->sparse_major == 0 && extension->sparse_minor <= 1);
		if (!known || (extension->sparse_major == 1 && extension->part_count))
			return bad(tar, err, "a sparse file of an unknown kind");
		int result = extension->sparse_major == 1 ? map_in_data(tar, err) : 0;
		if (result < 0)
			return result;
	}
	for (size_t i = 0; i < extension->part_count; i++) {
		const struct tar_part *part = &extension->parts[i];
		if (part->offset + part->size > extension->real_size)
			return bad(tar, err, "a sparse map that leaves its file");
		if (i && part->offset < part[-1].offset + part[-1].size)
			return bad(tar, err, "the parts of a sparse file overlap");
		sum += part->size; /* below real_size, as the parts do not overlap */
	}
	if (sum != tar->data_left)
		return bad(tar, err, "a sparse map that does not fit its data");
	if (extension->sparse_name)
		tar->entry.name = extension->sparse_name;
	tar->entry.size = extension->real_size;
	tar->entry.parts = extension->parts ? extension->parts : arena_array(&tar->arena, struct tar_part, 1);
	tar->entry.part_count = extension->part_count;
	tar->part_left = extension->part_count ? extension->parts[0].size : 0;
	tar->file_offset = extension->part_count ? extension->parts[0].offset : 0;
	return 0;
}

/* --- entries --- */

static int entry_type(const struct tar *tar, const uint8_t *block, enum tar_type *out_type, struct err *err)
{
	switch (block[AT_TYPE]) {
	case 0:
	case '0':
	case '7': /* contiguous */
	case 'S':
		*out_type = TAR_FILE;
		return 0;
	case '1':
		*out_type = TAR_HARD_LINK;
		return 0;
	case '2':
		*out_type = TAR_SYMLINK;
		return 0;
	case '3':
		*out_type = TAR_CHAR;
		return 0;
	case '4':
		*out_type = TAR_BLOCK_DEVICE;
		return 0;
	case '5':
		*out_type = TAR_DIRECTORY;
		return 0;
	case '6':
		*out_type = TAR_FIFO;
		return 0;
	}
	return bad(tar, err, "an entry of an unknown type");
}

static int read_names(struct tar *tar, const uint8_t *block, struct err *err)
{
	struct tar_entry *entry = &tar->entry;
	struct tar_extension *extension = &tar->extension;
	entry->name = extension->path;
	entry->link = extension->link;
	if (!entry->name) {
		header_name(block, tar->name);
		entry->name = tar->name;
	}
	if (!entry->link) {
		text_field(block, AT_LINK, NAME_WIDTH, tar->link);
		entry->link = tar->link;
	}
	if (!*entry->name)
		return bad(tar, err, "an entry without a name");
	bool is_link = entry->type == TAR_HARD_LINK || entry->type == TAR_SYMLINK;
	if (is_link && !*entry->link)
		return bad(tar, err, "a link without a target");
	if (!is_link) {
		tar->link[0] = 0;
		entry->link = tar->link;
	}
	return 0;
}

static int read_owner(struct tar *tar, const uint8_t *block, struct err *err)
{
	struct tar_entry *entry = &tar->entry;
	struct tar_extension *extension = &tar->extension;
	int64_t mode, uid = 0, gid = 0, mtime = 0;
	int result = bounded_field(tar, block, AT_MODE, 8, INT64_MAX, "a negative mode", &mode, err);
	if (result == 0 && !extension->has_uid)
		result = bounded_field(tar, block, AT_UID, 8, UINT32_MAX - 1, "an owner out of range", &uid, err);
	if (result == 0 && !extension->has_gid)
		result = bounded_field(tar, block, AT_GID, 8, UINT32_MAX - 1, "a group out of range", &gid, err);
	if (result == 0 && !extension->has_mtime)
		result = number_field(tar, block, AT_MTIME, 12, &mtime, err);
	if (result < 0)
		return result;
	entry->mode = (mode_t)(mode & 07777);
	entry->uid = extension->has_uid ? extension->uid : (uid_t)uid;
	entry->gid = extension->has_gid ? extension->gid : (gid_t)gid;
	entry->mtime = extension->has_mtime ? extension->mtime : (struct timespec){.tv_sec = mtime};
	return 0;
}

static int read_size(struct tar *tar, const uint8_t *block, struct err *err)
{
	struct tar_entry *entry = &tar->entry;
	int64_t size;
	int result = bounded_field(tar, block, AT_SIZE, 12, INT64_MAX - TAR_BLOCK, "a size out of range", &size, err);
	if (result < 0)
		return result;
	uint64_t stored = tar->extension.has_size ? tar->extension.size : (uint64_t)size;
	if (stored > INT64_MAX - TAR_BLOCK)
		return bad(tar, err, "a size out of range");
	/* v7 had no type for directories. */
	if (entry->type == TAR_FILE && text_ends(entry->name, "/"))
		entry->type = TAR_DIRECTORY;
	if (entry->type != TAR_FILE && stored)
		return bad(tar, err, "an entry with data whose type has none");
	entry->size = stored;
	tar->data_left = stored;
	tar->padding = (TAR_BLOCK - stored % TAR_BLOCK) % TAR_BLOCK;
	return 0;
}

static int read_device(struct tar *tar, const uint8_t *block, struct err *err)
{
	int64_t major, minor;
	if (tar->entry.type != TAR_CHAR && tar->entry.type != TAR_BLOCK_DEVICE)
		return 0;
	int result = bounded_field(tar, block, AT_MAJOR, 8, MAJOR_MAX, "a device number out of range", &major, err);
	if (result == 0)
		result = bounded_field(tar, block, AT_MINOR, 8, MINOR_MAX, "a device number out of range", &minor, err);
	if (result < 0)
		return result;
	tar->entry.major = (unsigned)major;
	tar->entry.minor = (unsigned)minor;
	return 0;
}

static int read_entry(struct tar *tar, const uint8_t *block, struct err *err)
{
	struct tar_extension *extension = &tar->extension;
	int result = entry_type(tar, block, &tar->entry.type, err);
	if (result == 0)
		result = read_names(tar, block, err);
	if (result == 0)
		result = read_owner(tar, block, err);
	if (result == 0)
		result = read_size(tar, block, err);
	if (result == 0)
		result = read_device(tar, block, err);
	if (result == 0 && block[AT_TYPE] == 'S')
		result = old_sparse(tar, block, err);
	bool sparse = extension->has_map || extension->part_count || extension->has_real_size ||
		      extension->sparse_major >= 0 || extension->sparse_minor >= 0 || extension->sparse_name;
	if (result == 0 && sparse)
		result = finish_sparse(tar, err);
	tar->entry.xattrs = extension->xattrs;
	tar->entry.xattr_count = extension->xattr_count;
	return result;
}

/* 1: a block; 0: the end of the stream or the first of two blocks of zeros. */
static int read_header(struct tar *tar, struct err *err)
{
	size_t got;
	int64_t sum;
	int result = read_bytes(tar, tar->block, TAR_BLOCK, &got, err);
	if (result < 0 || got == 0)
		return result;
	if (got < TAR_BLOCK)
		return bad(tar, err, "it ends in the middle of a header");
	if (all_zero(tar->block, TAR_BLOCK))
		return 0;
	result = number_field(tar, tar->block, AT_SUM, 8, &sum, err);
	if (result < 0 || !checksum_right(tar->block, sum))
		return bad(tar, err, tar->offset == TAR_BLOCK ? "it is not a tar archive" : "a wrong checksum");
	return 1;
}

int tar_next(struct tar *tar, const struct tar_entry **out_entry, struct err *err)
{
	if (tar->ended)
		return 0;
	int result = skip(tar, tar->data_left, err);
	/* umoci's layers end with the last byte of the last file; Go's reader, and so Docker, takes them. */
	if (result == 0 && tar->padding && (result = fill(tar, err)) == 0) {
		tar->data_left = tar->padding = 0;
		tar->ended = true;
		return 0;
	}
	if (result >= 0)
		result = skip(tar, tar->padding, err);
	if (result < 0)
		return result;
	tar->data_left = tar->padding = 0;
	tar->part = 0;
	tar->part_left = tar->file_offset = 0;
	if (tar->arena.last)
		arena_done(&tar->arena);
	memset(&tar->entry, 0, sizeof tar->entry);
	memset(&tar->extension, 0, sizeof tar->extension);
	tar->extension.sparse_major = tar->extension.sparse_minor = -1;
	bool extended = false;
	for (;;) {
		result = read_header(tar, err);
		if (result == 0 && extended)
			return bad(tar, err, "an extension header without its entry");
		if (result == 0)
			tar->ended = true;
		if (result <= 0)
			return result;
		result = read_extension(tar, tar->block, err);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		if (tar->arena.total > 4 * TAR_RECORD_MAX)
			return bad(tar, err, "too many extension headers for one entry");
		/* A global header stands for itself. */
		extended = extended || tar->block[AT_TYPE] != 'g';
	}
	result = read_entry(tar, tar->block, err);
	if (result < 0)
		return result;
	*out_entry = &tar->entry;
	return 1;
}

int tar_data(struct tar *tar, const uint8_t **out_data, size_t *out_size, uint64_t *out_offset, struct err *err)
{
	const struct tar_entry *entry = &tar->entry;
	while (entry->parts && tar->data_left && !tar->part_left) {
		tar->part++;
		tar->part_left = entry->parts[tar->part].size;
		tar->file_offset = entry->parts[tar->part].offset;
	}
	*out_size = 0;
	*out_offset = tar->file_offset;
	if (!tar->data_left)
		return 0;
	int result = fill(tar, err);
	if (result < 0)
		return result;
	if (result == 0)
		return bad(tar, err, "it ends in the middle of an entry");
	uint64_t size = tar->left < tar->data_left ? tar->left : tar->data_left;
	if (entry->parts && size > tar->part_left)
		size = tar->part_left;
	*out_data = tar->piece;
	*out_size = (size_t)size;
	lend(tar, (size_t)size);
	tar->data_left -= size;
	tar->file_offset += size;
	if (entry->parts)
		tar->part_left -= size;
	return 0;
}

int tar_drain(struct tar *tar, struct err *err)
{
	uint64_t seen = 0;
	for (;;) {
		int result = fill(tar, err);
		if (result <= 0)
			return result;
		seen += tar->left;
		if (seen > DRAIN_MAX)
			return bad(tar, err, "too much padding behind its end");
		if (!all_zero(tar->piece, tar->left))
			return bad(tar, err, "data behind its end");
		consume(tar, tar->left);
	}
}
