/* tugd job archive, export: paths of a container as archives, and archives into a container. */
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/archive.h"
#include "image/compress.h"
#include "image/extract.h"
#include "image/job_root.h"
#include "image/report.h"
#include "image/tar_tree.h"
#include "security/user.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { LINKS_MAX = 40 };

struct archive_job {
	struct arena arena;
	struct archive_spec spec;
	int parent;		 /* of what was asked for, O_PATH; or the directory itself */
	char leaf[NAME_MAX + 1]; /* "." for a path that must be a directory */
	struct stat info;
};

static bool wants_directory(const char *path)
{
	return text_ends(path, "/") || text_ends(path, "/.");
}

static int not_found(const struct archive_job *job, struct err *err)
{
	return err_set(err, ENOENT, "Could not find the file %s in container %s", job->spec.path, job->spec.container);
}

/* Resolves the path once: the last component is not followed, unless it has to be a directory. */
static int path_find(struct archive_job *job, struct err *err)
{
	const char *path = job->spec.path;
	int rc;
	if (wants_directory(path)) {
		rc = path_open(ROOT_FD, path, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &job->parent, err);
		memcpy(job->leaf, ".", 2);
	} else {
		rc = path_open_parent(ROOT_FD, path, PATH_IN_ROOT, &job->parent, job->leaf, err);
	}
	if (rc == -ENOENT)
		return not_found(job, err);
	if (rc == -ENOTDIR)
		return err_set(err, EINVAL, "%s: not a directory", path);
	if (rc < 0)
		return rc;
	if (fstatat(job->parent, job->leaf, &job->info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? not_found(job, err) : err_sys(err, "look at %s", path);
	return 0;
}

/* Where a link leads, by name: through further links, never through the host. */
static char *link_target(struct archive_job *job)
{
	char *path = job->spec.path;
	for (int i = 0; i < LINKS_MAX; i++) {
		char target[PATH_MAX], leaf[NAME_MAX + 1];
		struct err ignored;
		auto_fd int parent = -1;
		if (path_open_parent(ROOT_FD, path, PATH_IN_ROOT, &parent, leaf, &ignored) < 0)
			break;
		ssize_t size = readlinkat(parent, leaf, target, sizeof target - 1);
		if (size < 0)
			break;
		target[size] = 0;
		const char *slash = strrchr(path, '/');
		char *next = target[0] == '/' ? arena_strdup(&job->arena, target)
					      : arena_printf(&job->arena, "%.*s/%s", (int)(slash - path), path, target);
		path = container_path_clean(&job->arena, next);
	}
	return path;
}

/* The last component as people see it: "." and "/" too. */
static char *base_name(struct archive_job *job)
{
	const char *path = job->spec.path;
	size_t size = strlen(path);
	while (size > 1 && path[size - 1] == '/')
		size--;
	size_t start = size;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return size == 1 ? (char *)"/" : arena_strndup(&job->arena, path + start, size - start);
}

static void stat_answer(struct archive_job *job)
{
	auto_buf text = BUF_INIT(1 << 20);
	char time[TIME_TEXT];
	bool link = S_ISLNK(job->info.st_mode);
	time_rfc3339_short((int64_t)job->info.st_mtim.tv_sec * 1000000000 + job->info.st_mtim.tv_nsec, time);
	const struct path_stat stat = {
	    .name = base_name(job),
	    .size = job->info.st_size,
	    .mode = go_mode(job->info.st_mode),
	    .mtime = time,
	    .link_target = link ? link_target(job) : (char *)"",
	};
	json_encode(&text, &table_path_stat, &stat);
	report_answer(buf_str(&text));
}

static int get(struct archive_job *job, struct err *err)
{
	struct stream *tar;
	bool directory = S_ISDIR(job->info.st_mode);
	auto_fd int inside = -1;
	const char *leaf = job->leaf;
	int from = job->parent;
	if (directory && !text_equal(leaf, ".")) {
		inside = openat(job->parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inside < 0)
			return err_sys(err, "open %s", job->spec.path);
		from = inside;
		leaf = ".";
	}
	int rc = tar_tree_open(from, leaf, &(struct tar_tree_options){.name = base_name(job)}, &tar, err);
	if (rc < 0)
		return rc;
	rc = output_copy(tar, err);
	stream_done(tar);
	return rc;
}

/* --- put --- */

/* The file system that the directory lies on must take files. */
static int writable_check(struct archive_job *job, struct err *err)
{
	struct stat root, point;
	struct statvfs info;
	auto_fd int fd = -1;
	int rc = path_open(ROOT_FD, job->spec.path, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (rc == -ENOENT)
		return not_found(job, err);
	if (rc == -ENOTDIR)
		return err_set(err, EINVAL, "extraction point is not a directory");
	if (rc < 0)
		return rc;
	if (fstatvfs(fd, &info) < 0 || fstat(fd, &point) < 0 || fstat(ROOT_FD, &root) < 0)
		return err_sys(err, "look at %s", job->spec.path);
	bool of_root = point.st_dev == root.st_dev;
	if (of_root ? job->spec.read_only || info.f_flag & ST_RDONLY : info.f_flag & ST_RDONLY)
		return err_set(err, EACCES, "%s is marked read-only", of_root ? "container rootfs" : "mounted volume");
	return 0;
}

static int put(struct archive_job *job, struct err *err)
{
	struct user_identity user = {0};
	struct stream_fd source;
	struct stream *plain;
	enum compress_kind kind;
	int rc = writable_check(job, err);
	if (rc == 0 && job->spec.has_user)
		rc = user_resolve(&job->arena, ROOT_FD, job->spec.user, NULL, &user, err);
	if (rc < 0)
		return rc;
	const struct extract_options options = {
	    .root = ROOT_FD,
	    .path = job->spec.path,
	    .keep_kind = job->spec.keep_kind,
	    .has_owner = job->spec.has_user,
	    .uid = user.uid,
	    .gid = user.gid,
	};
	stream_fd_init(&source, STDIN_FILENO);
	rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = extract(&options, plain, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	return rc;
}

static int archive_run(struct archive_job *job, struct err *err)
{
	int rc = root_spec_read(&job->arena, &job->spec, err);
	if (rc < 0)
		return rc;
	bool putting = text_equal(job->spec.verb, "put");
	rc = root_enter(&job->spec, putting, err);
	if (rc < 0 || putting)
		return rc < 0 ? rc : put(job, err);
	rc = path_find(job, err);
	if (rc < 0)
		return rc;
	stat_answer(job);
	return text_equal(job->spec.verb, "get") ? get(job, err) : 0;
}

static int export_run(struct archive_job *job, struct err *err)
{
	struct stream *tar;
	int rc = root_spec_read(&job->arena, &job->spec, err);
	if (rc == 0)
		rc = root_enter(&job->spec, false, err);
	if (rc == 0)
		rc = tar_tree_open(ROOT_FD, ".", &(struct tar_tree_options){0}, &tar, err);
	if (rc < 0)
		return rc;
	rc = output_copy(tar, err);
	stream_done(tar);
	return rc;
}

static int job_run(int (*run)(struct archive_job *job, struct err *err))
{
	struct archive_job job = {.parent = -1};
	struct err err;
	int rc = run(&job, &err), status = rc < 0 ? report_error(&err) : 0;
	cleanup_fd(&job.parent);
	arena_done(&job.arena);
	return status;
}

int image_job_archive_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	return job_run(archive_run);
}

int image_job_export_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	return job_run(export_run);
}
