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
