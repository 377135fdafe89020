#include "engine/build_context.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "image/compress.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* --- the namespace --- */

static bool has_directory(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

int job_namespace_enter(int staging, const int *fds, size_t count, char out_staging[PATH_MAX], struct err *err)
{
	int rc = path_name(staging, out_staging, err);
	if (rc < 0)
		return rc;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, "private mounts");
	rc = path_reopen(staging, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = has_directory(fds[i]) ? path_reopen(fds[i], err) : 0;
	return rc;
}

int context_tree_mount(int staging, const char *staging_path, const char *name, int *out_dir, struct err *err)
{
	char path[PATH_MAX], options[64];
	if (snprintf(path, sizeof path, "%s/%s", staging_path, name) >= (int)sizeof path)
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", staging_path);
	snprintf(options, sizeof options, "mode=0755,size=%dm,nr_inodes=%d", CONTEXT_TREE_MIB, CONTEXT_TREE_INODES);
	if (mkdirat(staging, name, 0755) < 0)
		return err_sys(err, "make a directory for the context");
	if (mount("tug-context", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
		return err_sys(err, "mount a tmpfs for the context");
	*out_dir = openat(staging, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out_dir < 0 ? err_sys(err, "open the context's directory") : 0;
}

/* --- the tar --- */

/* One descriptor after another. */
struct stream_both {
	struct stream base;
	struct stream_fd first, second;
	bool first_ended;
};

static int both_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct stream_both *both = (struct stream_both *)base;
	if (!both->first_ended) {
		int rc = stream_next(&both->first.base, out_data, out_size, err);
		if (rc < 0 || *out_size > 0)
			return rc;
		both->first_ended = true;
	}
	return stream_next(&both->second.base, out_data, out_size, err);
}

static int source_unpack(int dir, struct stream *source, struct unpack_contents *contents, struct err *err)
{
	struct stream *plain;
	enum compress_kind kind;
	struct unpack_result result;
	int rc = compress_open(source, &plain, &kind, err);
	if (rc == 0) {
		/* What has to stay free is the disk's business, not that of a tmpfs with a size. */
		const struct unpack_limits limits = {.plain = true, .free_bytes = 1, .contents = contents};
		rc = unpack_layer(dir, plain, &limits, &result, err);
		stream_done(plain);
	}
	return rc < 0 ? err_wrap(err, "build context") : 0;
}

struct context_file { /* a tmpfs numbers its files upwards */
	uint64_t number;
	char digest[65];
};

static bool file_keep(const struct unpack_contents *contents, const char *name)
{
	const struct context_files *files = (const struct context_files *)contents;
	const char *leaf = path_last(name);
	return strcasecmp(leaf, "Dockerfile") == 0 || text_ends(leaf, ".dockerignore") ||
	       text_equal(leaf, path_last(files->keep));
}

static void file_seen(struct unpack_contents *contents, const struct stat *file, const struct digest *digest)
{
	struct context_files *files = (struct context_files *)contents;
	if (files->count == files->room) {
		files->room = files->room ? 2 * files->room : 1024;
		files->items = x_realloc(files->items, files->room * sizeof *files->items);
	}
	struct context_file *item = &files->items[files->count++];
	item->number = file->st_ino;
	snprintf(item->digest, sizeof item->digest, "%s", digest_hex(digest));
}

static int number_compare(const void *a, const void *b)
{
	uint64_t left = ((const struct context_file *)a)->number, right = ((const struct context_file *)b)->number;
	return (left > right) - (left < right);
}

const char *context_file_known(const struct context_files *files, const struct stat *file)
{
	const struct context_file key = {.number = file->st_ino};
	const struct context_file *found =
	    files->count ? bsearch(&key, files->items, files->count, sizeof key, number_compare) : NULL;
	return found ? found->digest : NULL;
}

void context_files_done(struct context_files *files)
{
	free(files->items);
	*files = (struct context_files){0};
}

int context_receive(int tree, int spool, struct context_files *files, struct err *err)
{
	struct stream_fd input;
	struct stream_tee tee;
	files->base = (struct unpack_contents){file_keep, file_seen};
	stream_fd_init(&input, STDIN_FILENO);
	stream_tee_init(&tee, &input.base, spool);
	int rc = source_unpack(tree, &tee.base, &files->base, err);
	stream_done(&input.base);
	if (rc == 0 && files->count > 1)
		qsort(files->items, files->count, sizeof *files->items, number_compare);
	return rc;
}

int context_unpack_rest(int dir, int spool, struct err *err)
{
	struct stream_both both = {.base = {.next = both_next}};
	if (lseek(spool, 0, SEEK_SET) < 0)
		return err_sys(err, "read the context again");
	stream_fd_init(&both.first, spool);
	stream_fd_init(&both.second, STDIN_FILENO);
	int rc = source_unpack(dir, &both.base, NULL, err);
	stream_done(&both.first.base);
	stream_done(&both.second.base);
	return rc;
}

int context_unpack(int tree, int spool, char *const *hidden, struct err *err)
{
	struct stream_fd input;
	stream_fd_init(&input, spool);
	int rc = source_unpack(tree, &input.base, NULL, err);
	stream_done(&input.base);
	for (; rc == 0 && hidden && *hidden; hidden++)
		context_hide(tree, *hidden);
	return rc;
}

void context_hide(int tree, const char *name)
{
	auto_fd int parent = -1;
	struct err missing;
	char leaf[256];
	if (path_open_parent(tree, name, PATH_BENEATH, &parent, leaf, &missing) == 0)
		(void)unlinkat(parent, leaf, 0);
}
