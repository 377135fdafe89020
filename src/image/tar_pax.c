#include "image/tar_pax.h"

#include "base/text.h"

#include <string.h>

enum { XATTRS_MAX = 256, SECONDS_DIGITS_MAX = 18 };

static int bad(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "bad archive: pax header: %s", what);
}

static int twice(struct err *err, const char *key)
{
	return err_set(err, EBADMSG, "bad archive: pax header: %.64s comes twice", key);
}

static int number(const char *key, const char *value, uint64_t max, uint64_t *out_number, struct err *err)
{
	struct err ignored;
	if (number_parse_u64(value, max, key, out_number, &ignored) < 0)
		return err_set(err, EBADMSG, "bad archive: pax header: %.64s is \"%.64s\"", key, value);
	return 0;
}

/* [-]SECONDS[.FRACTION] */
static int pax_time(const char *key, const char *value, struct timespec *out_time, struct err *err)
{
	bool negative = *value == '-';
	const char *at = value + negative;
	int64_t seconds = 0;
	long fraction = 0, unit = 100000000;
	size_t digits = strspn(at, "0123456789");
	if (!digits || digits > SECONDS_DIGITS_MAX)
		return err_set(err, EBADMSG, "bad archive: pax header: %.64s is \"%.64s\"", key, value);
	for (; digits; digits--)
		seconds = seconds * 10 + (*at++ - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
			fraction += (*at - '0') * unit;
	if (*at)
		return err_set(err, EBADMSG, "bad archive: pax header: %.64s is \"%.64s\"", key, value);
	if (negative) {
		seconds = -seconds;
		if (fraction) {
			seconds--;
			fraction = 1000000000 - fraction;
		}
	}
	*out_time = (struct timespec){.tv_sec = seconds, .tv_nsec = fraction};
	return 0;
}

int tar_sparse_add(struct arena *arena, struct tar_extension *extension, uint64_t offset, uint64_t size,
		   struct err *err)
{
	const struct tar_part *last = extension->part_count ? &extension->parts[extension->part_count - 1] : NULL;
	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return bad(err, "a sparse file is too large");
	if (last && offset < last->offset + last->size)
		return bad(err, "the parts of a sparse file overlap");
	if (extension->part_count == TAR_SPARSE_MAX)
		return bad(err, "a sparse file has too many parts");
	size_t count = extension->part_count;
	if (count == 0 || (count >= 16 && (count & (count - 1)) == 0)) { /* grow at 0, 16, 32, 64 ... */
		struct tar_part *grown = arena_array(arena, struct tar_part, count ? count * 2 : 16);
		if (count)
			memcpy(grown, extension->parts, count * sizeof *grown);
		extension->parts = grown;
	}
	extension->parts[extension->part_count++] = (struct tar_part){offset, size};
	return 0;
}

/* 0.0: offset and numbytes take turns. */
static int sparse_pair(struct arena *arena, struct tar_extension *extension, bool is_offset, uint64_t value,
		       struct err *err)
{
	if (extension->part_open == is_offset)
		return bad(err, "GNU.sparse.offset and numbytes do not take turns");
	extension->part_open = is_offset;
	if (is_offset)
		return tar_sparse_add(arena, extension, value, 0, err);
	struct tar_part *part = &extension->parts[extension->part_count - 1];
	if (value > INT64_MAX - part->offset)
		return bad(err, "a sparse file is too large");
	part->size = value;
	return 0;
}

/* 0.1: "offset,size,offset,size..." */
static int sparse_map(struct arena *arena, struct tar_extension *extension, const char *value, struct err *err)
{
	auto_strv char **items = strv_split(value, ',');
	size_t count = strv_count(items);
	if (extension->has_map || extension->part_count)
		return twice(err, "GNU.sparse.map");
	extension->has_map = true;
	if (!*value)
		return 0;
	if (count % 2)
		return bad(err, "GNU.sparse.map has an odd number of items");
	for (size_t i = 0; i < count; i += 2) {
		uint64_t offset, size;
		int result = number("GNU.sparse.map", items[i], INT64_MAX, &offset, err);
		if (result == 0)
			result = number("GNU.sparse.map", items[i + 1], INT64_MAX, &size, err);
		if (result == 0)
			result = tar_sparse_add(arena, extension, offset, size, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int sparse_record(struct arena *arena, struct tar_extension *extension, const char *key, const char *value,
			 struct err *err)
{
	uint64_t n = 0;
	if (text_equal(key, "map"))
		return sparse_map(arena, extension, value, err);
	if (text_equal(key, "name")) {
		if (extension->sparse_name)
			return twice(err, "GNU.sparse.name");
		extension->sparse_name = arena_strdup(arena, value);
		return 0;
	}
	int result = number(key, value, INT64_MAX, &n, err);
	if (result < 0)
		return result;
	if (text_equal(key, "offset") || text_equal(key, "numbytes"))
		return sparse_pair(arena, extension, text_equal(key, "offset"), n, err);
	if (text_equal(key, "size") || text_equal(key, "realsize")) {
		if (extension->has_real_size)
			return twice(err, "GNU.sparse.realsize");
		extension->has_real_size = true;
		extension->real_size = n;
		return 0;
	}
	if (text_equal(key, "numblocks"))
		return 0; /* the pairs that follow are what counts */
	int64_t *version = text_equal(key, "major")   ? &extension->sparse_major
			   : text_equal(key, "minor") ? &extension->sparse_minor
						      : NULL;
	if (!version || n > 9)
		return err_set(err, EBADMSG, "bad archive: pax header: GNU.sparse.%.64s is not known", key);
	if (*version >= 0)
		return twice(err, key);
	*version = (int64_t)n;
	return 0;
}

static int xattr_record(struct arena *arena, struct tar_extension *extension, const char *name, const char *value,
			size_t size, struct err *err)
{
	if (!*name || strlen(name) > XATTR_NAME_MAX || size > XATTR_SIZE_MAX)
		return bad(err, "an extended attribute is too long");
	for (size_t i = 0; i < extension->xattr_count; i++)
		if (text_equal(extension->xattrs[i].name, name))
			return twice(err, name);
	if (extension->xattr_count == XATTRS_MAX)
		return bad(err, "too many extended attributes");
	if (!extension->xattrs)
		extension->xattrs = arena_array(arena, struct tar_xattr, XATTRS_MAX);
	extension->xattrs[extension->xattr_count++] = (struct tar_xattr){.name = name, .value = value, .size = size};
	return 0;
}

static int text_record(struct arena *arena, const char *key, const char *value, char **text, struct err *err)
{
	if (*text)
		return twice(err, key);
	if (strlen(value) >= PATH_MAX)
		return bad(err, "a name is too long");
	if (*value) /* an empty value takes an earlier one back: what the header block says counts */
		*text = arena_strdup(arena, value);
	return 0;
}

static int number_record(const char *key, const char *value, uint64_t max, bool *seen, uint64_t *out_number,
			 struct err *err)
{
	if (*seen)
		return twice(err, key);
	if (!*value)
		return 0;
	*seen = true;
	return number(key, value, max, out_number, err);
}

static int charset_record(const char *value, struct err *err)
{
	if (text_equal(value, "BINARY") || text_equal(value, "ISO-IR 10646 2000 UTF-8") || !*value)
		return 0;
	return err_set(err, EBADMSG, "bad archive: pax header: names are in \"%.64s\", which is not UTF-8", value);
}

/* One record whose value is a text; unknown keys of other programs are left out. */
static int record(struct arena *arena, struct tar_extension *extension, const char *key, const char *value,
		  struct err *err)
{
	uint64_t n = 0;
	int result;
	if (text_equal(key, "path"))
		return text_record(arena, key, value, &extension->path, err);
	if (text_equal(key, "linkpath"))
		return text_record(arena, key, value, &extension->link, err);
	if (text_equal(key, "size"))
		return number_record(key, value, INT64_MAX, &extension->has_size, &extension->size, err);
	if (text_equal(key, "uid")) {
		result = number_record(key, value, UINT32_MAX - 1, &extension->has_uid, &n, err);
		extension->uid = (uid_t)n;
		return result;
	}
	if (text_equal(key, "gid")) {
		result = number_record(key, value, UINT32_MAX - 1, &extension->has_gid, &n, err);
		extension->gid = (gid_t)n;
		return result;
	}
	if (text_equal(key, "mtime")) {
		if (extension->has_mtime)
			return twice(err, key);
		extension->has_mtime = *value;
		return *value ? pax_time(key, value, &extension->mtime, err) : 0;
	}
	if (text_equal(key, "hdrcharset"))
		return charset_record(value, err);
	if (text_after(key, "GNU.sparse."))
		return sparse_record(arena, extension, text_after(key, "GNU.sparse."), value, err);
	if (text_after(key, "GNU.volume.") || text_equal(key, "SCHILY.realsize"))
		return err_set(err, EBADMSG, "bad archive: pax header: %.64s is not supported", key);
	return 0;
}

/* Cuts the next record off data: key and value end with NUL in the arena. */
static int cut(struct arena *arena, const char **data, size_t *size, char **out_key, char **out_value,
	       size_t *out_value_size, struct err *err)
{
	size_t length = 0, digits = 0;
	while (digits < *size && digits < 8 && (*data)[digits] >= '0' && (*data)[digits] <= '9')
		length = length * 10 + (size_t)((*data)[digits++] - '0');
	if (!digits || digits == *size || (*data)[digits] != ' ')
		return bad(err, "a record without its length");
	if (length > *size || length < digits + 4 || (*data)[length - 1] != '\n')
		return bad(err, "a record with a wrong length");
	char *body = arena_alloc(arena, length - digits);
	size_t body_size = length - digits - 2; /* without the space and the newline */
	memcpy(body, *data + digits + 1, body_size);
	char *equals = memchr(body, '=', body_size);
	if (!equals || equals == body || memchr(body, 0, (size_t)(equals - body)))
		return bad(err, "a record without a key");
	*equals = 0;
	*out_key = body;
	*out_value = equals + 1;
	*out_value_size = body_size - (size_t)(equals + 1 - body);
	*data += length;
	*size -= length;
	return 0;
}

int tar_pax_parse(struct arena *arena, const char *data, size_t size, struct tar_extension *extension, struct err *err)
{
	if (extension->pax_seen)
		return bad(err, "two of them for one entry");
	extension->pax_seen = true;
	while (size) {
		char *key, *value;
		size_t value_size;
		int result = cut(arena, &data, &size, &key, &value, &value_size, err);
		if (result < 0)
			return result;
		const char *xattr = text_after(key, "SCHILY.xattr.");
		if (xattr)
			result = xattr_record(arena, extension, xattr, value, value_size, err);
		else if (memchr(value, 0, value_size))
			result = bad(err, "NUL in a value");
		else
			result = record(arena, extension, key, value, err);
		if (result < 0)
			return result;
	}
	return extension->part_open ? bad(err, "GNU.sparse.offset without numbytes") : 0;
}

int tar_pax_check_global(struct arena *arena, const char *data, size_t size, struct err *err)
{
	static const char *const refused[] = {"path", "linkpath", "size", "uid", "gid", "mtime"};
	while (size) {
		char *key, *value;
		size_t value_size;
		int result = cut(arena, &data, &size, &key, &value, &value_size, err);
		if (result < 0)
			return result;
		bool known = text_after(key, "SCHILY.") || text_after(key, "GNU.");
		for (size_t i = 0; i < array_size(refused); i++)
			known = known || text_equal(key, refused[i]);
		if (known)
			return err_set(err, EBADMSG,
				       "bad archive: global pax header: %.64s for all entries is not supported", key);
	}
	return 0;
}
