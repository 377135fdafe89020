#include "docker/archive.h"

#include "base/text.h"

#include <string.h>
#include <sys/stat.h>

JSON_TYPE(path_stat, F_STR(struct path_stat, name, "name", 0), F_I64(struct path_stat, size, "size", 0),
	  F_U32(struct path_stat, mode, "mode", 0), F_STR(struct path_stat, mtime, "mtime", 0),
	  F_STR(struct path_stat, link_target, "linkTarget", 0));

JSON_TYPE(filesystem_change, F_STR(struct filesystem_change, path, "Path", 0),
	  F_I64(struct filesystem_change, kind, "Kind", 0));

uint32_t go_mode(mode_t mode)
{
	static const struct {
		mode_t kind;
		uint32_t bits;
	} kinds[] = {
	    {S_IFDIR, GO_MODE_DIR}, {S_IFLNK, GO_MODE_SYMLINK}, {S_IFBLK, 1U << 26},
	    {S_IFIFO, 1U << 25},    {S_IFSOCK, 1U << 24},	{S_IFCHR, 1U << 26 | 1U << 21},
	};
	uint32_t bits = mode & 0777;
	for (size_t i = 0; i < array_size(kinds); i++)
		if ((mode & S_IFMT) == kinds[i].kind)
			bits |= kinds[i].bits;
	return bits | (mode & S_ISUID ? 1U << 23 : 0) | (mode & S_ISGID ? 1U << 22 : 0) |
	       (mode & S_ISVTX ? 1U << 20 : 0);
}

char *container_path_clean(struct arena *arena, const char *path)
{
	auto_strv char **parts = strv_split(path, '/');
	size_t size = strlen(path), count = 0;
	const char **kept = arena_array(arena, const char *, strv_count(parts) + 1);
	for (char **part = parts; *part; part++) {
		if (!**part || text_equal(*part, "."))
			continue;
		if (text_equal(*part, ".."))
			count -= count > 0;
		else
			kept[count++] = *part;
	}
	const char *behind = text_ends(path, "/.") || text_equal(path, ".") ? "."
			     : size == 0 || text_ends(path, "/")	    ? ""
									    : NULL;
	auto_buf out = BUF_INIT(1 << 20);
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "/%s", kept[i]);
	if (behind || count == 0)
		buf_printf(&out, "/%s", behind ? behind : "");
	return arena_strdup(arena, buf_str(&out));
}

/* --- base64, RFC 4648 --- */

void base64_encode(struct buf *out, const void *data, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *at = data;
	for (; size > 0; at += 3, size -= size < 3 ? size : 3) {
		uint32_t word = (uint32_t)at[0] << 16 | (size > 1 ? at[1] << 8 : 0) | (size > 2 ? at[2] : 0);
		buf_char(out, letters[word >> 18]);
		buf_char(out, letters[word >> 12 & 63]);
		buf_char(out, size > 1 ? letters[word >> 6 & 63] : '=');
		buf_char(out, size > 2 ? letters[word & 63] : '=');
	}
}

static int letter_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+' || letter == '-')
		return 62;
	return letter == '/' || letter == '_' ? 63 : -1;
}

int base64_decode(struct buf *out, const char *text, struct err *err)
{
	uint32_t word = 0;
	unsigned bits = 0;
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++) {
		int value = letter_value(text[i]);
		if (value < 0)
			return err_set(err, EINVAL, "not base64");
		word = word << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_char(out, (char)(word >> bits & 0xff));
		}
	}
	return length % 4 == 1 ? err_set(err, EINVAL, "not base64") : 0;
}
