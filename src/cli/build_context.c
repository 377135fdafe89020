#include "cli/build_context.h"

#include "base/loop.h"
#include "base/path.h"
#include "base/text.h"
#include "image/tar_write.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDERS_MAX = 64, DEPTH_MAX = 200, PIECE = 256 << 10, HEAD_MAX = 2 << 20 };

struct item {
	unsigned folder;
	char *path; /* in its folder; "" is the folder */
	char *link;
	mode_t mode;
	int64_t mtime;
	uint64_t size;
};

struct build_context {
	struct client_body body;
	struct arena arena;
	int folders[FOLDERS_MAX]; /* -1: none */
	struct item *items;
	size_t count, room, next;
	char *dockerfile;
	size_t dockerfile_size;
	struct buf head;
	char *piece;
	int file; /* being sent */
	uint64_t left, padding, sent;
	bool begun, ended;
	int64_t newest;
};

static int body_next(struct client_body *body, const void **out_data, size_t *out_size, struct err *err);

struct build_context *build_context_new(void)
{
	struct build_context *context = x_alloc(sizeof *context);
	context->body.next = body_next;
	context->file = -1;
	context->head = (struct buf)BUF_INIT(HEAD_MAX + DOCKERFILE_SIZE_MAX);
	context->piece = x_alloc(PIECE);
	for (size_t i = 0; i < FOLDERS_MAX; i++)
		context->folders[i] = -1;
	return context;
}

void build_context_free(struct build_context *context)
{
	if (!context)
		return;
	cleanup_fd(&context->file);
	for (size_t i = 0; i < FOLDERS_MAX; i++)
		cleanup_fd(&context->folders[i]);
	buf_done(&context->head);
	arena_done(&context->arena);
	free(context->items);
	free(context->piece);
	free(context);
}

void build_context_dockerfile(struct build_context *context, const char *text, size_t size)
{
	context->dockerfile = arena_strndup(&context->arena, text, size);
	context->dockerfile_size = size;
}

int64_t build_context_newest(const struct build_context *context)
{
	return context->newest;
}

struct client_body *build_context_body(struct build_context *context)
{
	return &context->body;
}

uint64_t build_context_sent(const struct build_context *context)
{
	return context->sent;
}

/* --- the walk --- */

struct folder_walk {
	struct build_context *context;
	unsigned number;
	const struct ignore *ignore;
	const struct build_needs *needs;
	char path[PATH_MAX];
};

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void item_add(struct build_context *context, const struct item *item)
{
	if (context->count == context->room)
		context->items =
		    x_realloc(context->items, (context->room = context->room ? 2 * context->room : 256) * sizeof *item);
	context->items[context->count++] = *item;
}

static int folder_read(struct folder_walk *walk, int dir, unsigned depth, struct err *err);

static int entry_add(struct folder_walk *walk, int dir, const char *name, unsigned depth, struct err *err)
{
	struct build_context *context = walk->context;
	struct stat info;
	if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s", walk->path);
	bool directory = S_ISDIR(info.st_mode);
	bool excluded = walk->ignore && ignore_excludes(walk->ignore, walk->path);
	if (walk->needs && !needs_has(walk->needs, walk->path))
		return 0;
	if (excluded && !(directory && walk->ignore->again && ignore_may_hold(walk->ignore, walk->path)))
		return 0;
	struct item item = {.folder = walk->number,
			    .path = arena_strdup(&context->arena, walk->path),
			    .mode = info.st_mode,
			    .mtime = info.st_mtime};
	if (S_ISLNK(info.st_mode)) {
		char link[PATH_MAX];
		ssize_t size = readlinkat(dir, name, link, sizeof link - 1);
		if (size < 0)
			return err_sys(err, "%s", walk->path);
		item.link = arena_strndup(&context->arena, link, (size_t)size);
	} else if (S_ISREG(info.st_mode)) {
		item.size = (uint64_t)info.st_size;
		if (info.st_mtime > context->newest)
			context->newest = info.st_mtime;
	} else if (!directory) {
		return 0; /* sockets, fifos, devices */
	}
	if (!excluded || !directory)
		item_add(context, &item);
	if (!directory)
		return 0;
	auto_fd int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0)
		return err_sys(err, "error checking context: can't stat '%s'", walk->path);
	return folder_read(walk, child, depth + 1, err);
}

static int folder_read(struct folder_walk *walk, int dir, unsigned depth, struct err *err)
{
	auto_strv char **names = NULL;
	struct dirent *entry;
	size_t size = strlen(walk->path);
	if (depth > DEPTH_MAX)
		return err_set(err, ELOOP, "%s: more than %d folders deep", walk->path, DEPTH_MAX);
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		cleanup_fd(&copy);
		return err_sys(err, "read %s", walk->path);
	}
	size_t count = 0, room = 0;
	while ((entry = readdir(stream))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (count + 1 >= room)
			names = x_realloc(names, (room = room ? 2 * room : 64) * sizeof *names);
		names[count++] = x_strdup(entry->d_name);
		names[count] = NULL;
	}
	if (count > 1)
		qsort(names, count, sizeof *names, name_compare);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (size + strlen(names[i]) + 2 > sizeof walk->path)
			return err_set(err, ENAMETOOLONG, "%.200s...: the path is too long", walk->path);
		snprintf(walk->path + size, sizeof walk->path - size, "%s%s", size > 0 ? "/" : "", names[i]);
		rc = entry_add(walk, dir, names[i], depth, err);
		walk->path[size] = 0;
	}
	return rc;
}

int build_context_folder(struct build_context *context, unsigned number, const char *path, const struct ignore *ignore,
			 const struct build_needs *needs, struct err *err)
{
	if (number >= FOLDERS_MAX)
		return err_set(err, EINVAL, "more than %d contexts", FOLDERS_MAX);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? err_set(err, ENOENT, "unable to prepare context: path \"%s\" not found", path)
		       : errno == ENOTDIR
			   ? err_set(err, ENOTDIR, "unable to prepare context: path \"%s\" is no folder", path)
			   : err_sys(err, "unable to prepare context: %s", path);
	context->folders[number] = dir;
	struct folder_walk *walk = x_alloc(sizeof *walk);
	walk->context = context;
	walk->number = number;
	walk->ignore = ignore;
	walk->needs = needs;
	item_add(context, &(struct item){.folder = number, .path = (char *)"", .mode = S_IFDIR | 0755});
	int rc = folder_read(walk, dir, 0, err);
	free(walk);
	return rc;
}

/* --- the tar --- */

static int head_write(struct build_context *context, const struct item *item, struct err *err)
{
	struct tar_entry entry = {
	    .type = S_ISDIR(item->mode) ? TAR_DIRECTORY
		    : item->link	? TAR_SYMLINK
					: TAR_FILE,
	    .name = *item->path ? arena_printf(&context->arena, "%u/%s", item->folder, item->path)
				: arena_printf(&context->arena, "%u", item->folder),
	    .link = item->link ? item->link : (char *)"",
	    .mode = item->mode & 07777,
	    .mtime = {.tv_sec = item->mtime},
	    .size = item->size,
	};
	return tar_write_header(&context->head, &entry, err);
}

static int item_begin(struct build_context *context, const struct item *item, struct err *err)
{
	struct stat info;
	struct item now = *item;
	if (S_ISREG(item->mode)) {
		int rc = path_open(context->folders[item->folder], item->path, PATH_NO_LINKS, O_RDONLY | O_NONBLOCK, 0,
				   &context->file, err);
		if (rc < 0)
			return err_wrap(err, "error checking context");
		if (fstat(context->file, &info) < 0 || !S_ISREG(info.st_mode))
			return err_set(err, EAGAIN, "%s changed while it was read", item->path);
		now.size = (uint64_t)info.st_size;
		context->left = now.size;
		context->padding = tar_write_padding(now.size);
	}
	return head_write(context, &now, err);
}

static int dockerfile_write(struct build_context *context, struct err *err)
{
	struct tar_entry entry = {.type = TAR_FILE,
				  .name = (char *)"dockerfile",
				  .link = (char *)"",
				  .mode = 0644,
				  .size = context->dockerfile_size};
	static const char zeros[512];
	int rc = tar_write_header(&context->head, &entry, err);
	buf_append(&context->head, context->dockerfile, context->dockerfile_size);
	buf_append(&context->head, zeros, tar_write_padding(context->dockerfile_size));
	return rc;
}

/* A file that shrank meanwhile is filled up with zeros: the header stands. */
static void file_piece(struct build_context *context)
{
	size_t want = context->left < PIECE ? (size_t)context->left : PIECE;
	ssize_t size = read(context->file, context->piece, want);
	if (size <= 0) {
		memset(context->piece, 0, want);
		size = (ssize_t)want;
	}
	buf_append(&context->head, context->piece, (size_t)size);
	context->left -= (uint64_t)size;
	if (context->left > 0)
		return;
	static const char zeros[512];
	buf_append(&context->head, zeros, context->padding);
	cleanup_fd(&context->file);
	context->file = -1;
}

static int body_next(struct client_body *body, const void **out_data, size_t *out_size, struct err *err)
{
	struct build_context *context = container_of(body, struct build_context, body);
	int rc = 0;
	buf_reset(&context->head);
	if (!context->begun && context->dockerfile)
		rc = dockerfile_write(context, err);
	context->begun = true;
	while (rc == 0 && !context->ended && context->head.len < PIECE) {
		if (context->file >= 0 && context->left > 0) {
			file_piece(context);
		} else if (context->next < context->count) {
			cleanup_fd(&context->file);
			context->file = -1;
			rc = item_begin(context, &context->items[context->next++], err);
		} else {
			tar_write_end(&context->head);
			context->ended = true;
		}
	}
	if (rc < 0)
		return rc;
	context->sent += context->head.len;
	*out_data = buf_str(&context->head);
	*out_size = context->head.len;
	return 0;
}
