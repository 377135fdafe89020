#include "image/archive.h"

#include "base/file.h"
#include "base/text.h"
#include "image/tar.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS_MAX = 16 };

/* Without "./", "//" and "..": the names inside an archive are all of one root. */
static char *name_clean(struct arena *arena, const char *name)
{
	auto_buf out = BUF_INIT(PATH_MAX * 2);
	auto_strv char **parts = strv_split(name, '/');
	for (char **part = parts; *part; part++) {
		if (!**part || text_equal(*part, "."))
			continue;
		if (text_equal(*part, "..")) {
			char *slash = out.len ? strrchr(out.data, '/') : NULL;
			out.len = slash ? (size_t)(slash - out.data) : 0;
			if (out.data)
				out.data[out.len] = 0;
			continue;
		}
		buf_printf(&out, "%s%s", out.len ? "/" : "", *part);
	}
	return arena_strdup(arena, buf_str(&out));
}

static int member_add(struct archive *archive, struct archive_member **out_member, struct err *err)
{
	if (archive->count == ARCHIVE_MEMBERS_MAX)
		return err_set(err, E2BIG, "the archive has more than %d members", ARCHIVE_MEMBERS_MAX);
	if (archive->count == archive->room) {
		size_t room = archive->room ? 2 * archive->room : 64;
		archive->members = x_realloc(archive->members, room * sizeof *archive->members);
		archive->room = room;
	}
	*out_member = &archive->members[archive->count];
	**out_member = (struct archive_member){.number = (unsigned)archive->count};
	archive->count++;
	return 0;
}

static int file_keep(struct archive *archive, struct tar *tar, struct archive_member *member, struct err *err)
{
	char name[24];
	snprintf(name, sizeof name, "m%u", member->number);
	auto_fd int fd = openat(archive->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "keep a member of the archive");
	for (;;) {
		const uint8_t *data;
		size_t size;
		uint64_t offset;
		int rc = tar_data(tar, &data, &size, &offset, err);
		if (rc < 0 || size == 0)
			return rc;
		if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
			return err_sys(err, "keep a member of the archive");
	}
}

static int entry_take(struct archive *archive, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	struct archive_member *member;
	bool link = entry->type == TAR_SYMLINK || entry->type == TAR_HARD_LINK;
	if (entry->type != TAR_FILE && !link)
		return 0;
	int rc = member_add(archive, &member, err);
	if (rc < 0)
		return rc;
	member->name = name_clean(&archive->arena, entry->name);
	member->size = entry->size;
	if (entry->type == TAR_FILE)
		return file_keep(archive, tar, member, err);
	/* A symbolic link counts from its own directory. */
	const char *slash = entry->type == TAR_SYMLINK && entry->link[0] != '/' ? strrchr(member->name, '/') : NULL;
	const char *whole =
	    slash ? arena_printf(&archive->arena, "%.*s/%s", (int)(slash - member->name), member->name, entry->link)
		  : entry->link;
	member->link = name_clean(&archive->arena, whole);
	return 0;
}

int archive_read(struct archive *archive, int dir, struct stream *source, struct err *err)
{
	struct tar *tar = x_alloc(sizeof *tar);
	const struct tar_entry *entry;
	*archive = (struct archive){.dir = dir};
	tar_init(tar, source);
	int rc;
	while ((rc = tar_next(tar, &entry, err)) > 0) {
		rc = entry_take(archive, tar, entry, err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = tar_drain(tar, err);
	tar_done(tar);
	free(tar);
	return rc;
}

void archive_done(struct archive *archive)
{
	arena_done(&archive->arena);
	free(archive->members);
	archive->members = NULL;
	archive->count = archive->room = 0;
}

const struct archive_member *archive_find(const struct archive *archive, const char *name)
{
	auto_arena arena = {0};
	const char *wanted = name_clean(&arena, name);
	for (int depth = 0; depth < LINKS_MAX; depth++) {
		const struct archive_member *found = NULL;
		/* The last one of a name counts, as in any tar. */
		for (size_t i = 0; i < archive->count; i++) {
			if (text_equal(archive->members[i].name, wanted))
				found = &archive->members[i];
		}
		if (!found || !found->link)
			return found;
		wanted = found->link;
	}
	return NULL;
}

int archive_open(const struct archive *archive, const char *name, int *out_fd, struct err *err)
{
	const struct archive_member *member = archive_find(archive, name);
	char file[24];
	if (!member)
		return err_set(err, EINVAL, "the archive has no member %s", name);
	snprintf(file, sizeof file, "m%u", member->number);
	int fd = openat(archive->dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "read a member of the archive");
	*out_fd = fd;
	return 0;
}

int archive_text(const struct archive *archive, const char *name, struct buf *out, struct err *err)
{
	auto_fd int fd = -1;
	int rc = archive_open(archive, name, &fd, err);
	return rc < 0 ? rc : file_read_fd(fd, name, out, err);
}
