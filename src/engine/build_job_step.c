/* tugd job build-step: one step's files become a layer. */
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "build/copy.h"
#include "engine/build_context.h"
#include "engine/build_job.h"
#include "engine/build_stubs.h"
#include "image/compress.h"
#include "image/layer.h"
#include "image/report.h"
#include "runtime/layer_stack.h"
#include "security/confine.h"
#include "security/user.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { STAGING_FD = 4, REQUEST_FD = 5, FROM_FD = 6, FETCHED_FD = 7, TAR_MAGIC_SPAN = 262 };

struct step_job {
	struct arena arena;
	struct build_step_request request;
	char staging[PATH_MAX]; /* the absolute name of descriptor 4 */
	int root;		/* the step's root file system, merged */
	int from;		/* what is copied from */
	int64_t epoch;
	unsigned unpacked;
	struct copy *copy;
};

static bool is_kind(const struct step_job *job, const char *kind)
{
	return text_equal(job->request.kind, kind);
}

static int request_read(struct step_job *job, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	int rc = file_read_fd(REQUEST_FD, "the request", &text, err);
	if (rc == 0)
		rc = json_load(&job->arena, &table_build_step_request, buf_str(&text), text.len, "the request", 0,
			       &job->request, err);
	job->epoch = job->request.epoch;
	return rc;
}

/* --- roots, before the confinement --- */

/* The absolute name of something in the staging directory. */
static char *staged(struct step_job *job, const char *name)
{
	return arena_printf(&job->arena, "%s/%s", job->staging, name);
}

static int dir_open(const char *name, int *out_fd, struct err *err)
{
	*out_fd = openat(STAGING_FD, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out_fd < 0 ? err_sys(err, "open %s", name) : 0;
}

static int root_mount(struct step_job *job, struct err *err)
{
	struct stat top;
	const struct layer_stack overlay = {
	    .lower = job->request.lower, .upper = staged(job, "upper"), .work = staged(job, "work")};
	if (is_kind(job, "seal")) {
		if (renameat(FROM_FD, "upper", STAGING_FD, "upper") < 0)
			return err_sys(err, "take over what the step has written");
	} else {
		if (mkdirat(STAGING_FD, "upper", 0755) < 0)
			return err_sys(err, "make a directory for the step");
		/* The root shows owner and mode of its uppermost directory. */
		if (job->request.lower && job->request.lower[0] && stat(job->request.lower[0], &top) == 0 &&
		    (fchownat(STAGING_FD, "upper", top.st_uid, top.st_gid, 0) < 0 ||
		     fchmodat(STAGING_FD, "upper", top.st_mode & 07777, 0) < 0))
			return err_sys(err, "make a directory for the step");
	}
	if (mkdirat(STAGING_FD, "work", 0700) < 0 || mkdirat(STAGING_FD, "merged", 0700) < 0)
		return err_sys(err, "make a directory for the step");
	int rc = layer_stack_mount(&overlay, staged(job, "merged"), err);
	return rc < 0 ? rc : dir_open("merged", &job->root, err);
}

static int from_mount(struct step_job *job, struct err *err)
{
	char *empty[] = {staged(job, "empty"), NULL};
	const struct layer_stack overlay = {.lower = job->request.from[0] ? job->request.from : empty};
	if (mkdirat(STAGING_FD, "from", 0700) < 0 || mkdirat(STAGING_FD, "empty", 0755) < 0)
		return err_sys(err, "make a directory for the source");
	int rc = layer_stack_mount(&overlay, staged(job, "from"), err);
	return rc < 0 ? rc : dir_open("from", &job->from, err);
}

static bool has_directory(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The spool gets a position of its own: others read it at the same time. */
static int context_begin(struct step_job *job, struct err *err)
{
	struct path_proc proc = path_proc_fd(FROM_FD);
	auto_fd int spool = open(proc.text, O_RDONLY | O_CLOEXEC);
	if (spool < 0 || dup3(spool, FROM_FD, O_CLOEXEC) < 0)
		return err_sys(err, "open the context");
	return context_tree_mount(STAGING_FD, job->staging, "context", &job->from, err);
}

static int context_fill(struct step_job *job, struct err *err)
{
	int rc = context_unpack(job->from, FROM_FD, job->request.hidden, err), context = -1;
	if (rc == -ENOSPC) { /* too large for the memory */
		cleanup_fd(&job->from);
		if (mkdirat(STAGING_FD, "spilled", 0755) < 0 || lseek(FROM_FD, 0, SEEK_SET) < 0)
			return err_sys(err, "make a directory for the context");
		rc = dir_open("spilled", &job->from, err);
		if (rc == 0)
			rc = context_unpack(job->from, FROM_FD, job->request.hidden, err);
	}
	if (rc == 0)
		rc =
		    path_open(job->from, job->request.context, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &context, err);
	if (rc < 0)
		return rc;
	close(job->from);
	job->from = context;
	return 0;
}

static int roots_open(struct step_job *job, struct err *err)
{
	job->root = -1;
	job->from = FROM_FD;
	const int fds[] = {FROM_FD, FETCHED_FD}; /* without a source of its own FROM_FD is /dev/null */
	int rc = job_namespace_enter(STAGING_FD, fds, array_size(fds), job->staging, err);
	if (rc < 0)
		return rc;
	if (is_kind(job, "extract")) {
		if (mkdirat(STAGING_FD, "out", 0755) < 0)
			return err_sys(err, "make a directory");
		rc = dir_open("out", &job->root, err);
	} else {
		rc = root_mount(job, err);
	}
	if (rc == 0 && job->request.from)
		rc = from_mount(job, err);
	if (rc == 0 && job->request.context)
		rc = context_begin(job, err);
	if (rc == 0 && is_kind(job, "seal"))
		rc = stubs_clear(STAGING_FD, staged(job, "base"), job->root, job->request.lower, job->request.stubs,
				 err);
	return rc;
}

static int job_confine(struct step_job *job, struct err *err)
{
	struct confine_spec spec = {.dirs = {{STAGING_FD, true}}, .dir_count = 1};
	if (is_kind(job, "seal")) {
		close(job->root);
		close(FROM_FD);
	} else {
		spec.dirs[spec.dir_count++] = (struct confine_dir){.fd = job->root, .writable = true};
	}
	if ((is_kind(job, "copy") || is_kind(job, "extract")) && has_directory(job->from))
		spec.dirs[spec.dir_count++] =
		    (struct confine_dir){.fd = job->from, .writable = job->request.context != NULL};
	if (is_kind(job, "copy") && has_directory(FETCHED_FD))
		spec.dirs[spec.dir_count++] = (struct confine_dir){.fd = FETCHED_FD};
	return confine_enter(&spec, err);
}

/* --- owners --- */

/* --chown: a number alone is user and group; names are those of the root. */
static int owner_find(struct step_job *job, const char *text, uint32_t *out_uid, uint32_t *out_gid, struct err *err)
{
	struct user_identity user;
	int64_t number;
	if (text_empty(text))
		return 0;
	if (text_is_digits(text)) {
		int rc = number_parse(text, 0, USER_ID_MAX, "owner", &number, err);
		if (rc == 0)
			*out_uid = *out_gid = (uint32_t)number;
		return rc;
	}
	int rc = user_resolve(&job->arena, job->root, text, NULL, &user, err);
	if (rc < 0)
		return err_wrap(err, "invalid user %s", text);
	*out_uid = user.uid;
	*out_gid = user.gid;
	return 0;
}

/* --- copies --- */

/* ADD unpacks a local archive: first beside, by the strict unpacker, then as a copy like any other. */
static int archive_take(void *cookie, int file, const struct select_entry *entry, struct err *err)
{
	struct step_job *job = cookie;
	struct stream_fd source;
	struct stream *plain;
	struct unpack_result result;
	enum compress_kind kind;
	char magic[TAR_MAGIC_SPAN], name[32];
	const char *compression;
	ssize_t size = pread(file, magic, sizeof magic, 0);
	kind = compress_detect(magic, size > 0 ? (size_t)size : 0, &compression);
	bool tar = size == (ssize_t)sizeof magic && memcmp(magic + 257, "ustar", 5) == 0;
	if (kind == COMPRESS_PLAIN && !tar)
		return 0;
	(void)entry;
	snprintf(name, sizeof name, "archive%u", job->unpacked++);
	if (mkdirat(STAGING_FD, name, 0755) < 0)
		return err_sys(err, "make a directory for an archive");
	auto_fd int dir = -1;
	int rc = dir_open(name, &dir, err);
	if (rc < 0)
		return rc;
	stream_fd_init(&source, file);
	rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = unpack_layer(dir, plain, &(struct unpack_limits){.plain = true}, &result, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	if (rc < 0) {
		/* Compressed, but no archive: a file like any other. */
		if (tar || rc != -EBADMSG)
			return rc;
		return lseek(file, 0, SEEK_SET) < 0 ? err_sys(err, "seek") : 0;
	}
	char *all[] = {(char *)".", NULL};
	struct copy copy = *job->copy;
	copy.from = dir;
	copy.sources = all;
	copy.excludes = NULL;
	copy.parents = false;
	copy.consume = NULL;
	copy.many = true;
	copy.keep_owner = !job->request.copy->owner;
	auto_fd int made = -1;
	rc = copy_make_dirs(&copy, copy.destination, &made, err);
	if (rc == 0)
		rc = copy_run(&copy, err);
	if (copy.newest > job->copy->newest)
		job->copy->newest = copy.newest;
	return rc < 0 ? rc : 1;
}

static int step_copy(struct step_job *job, struct err *err)
{
	const struct build_copy *request = job->request.copy;
	bool extract = is_kind(job, "extract");
	size_t count = strv_count(request->sources) + request->files.count + strv_count(job->request.fetched);
	struct copy copy = {
	    .from = job->from,
	    .to = job->root,
	    .sources = request->sources,
	    .excludes = request->excludes,
	    .parents = request->parents,
	    .destination = request->destination,
	    .many = count > 1 || request->parents,
	    .mode = text_empty(request->mode) ? NULL : request->mode,
	    /* Of the context root has all; of a stage or an image owners are as they are. */
	    .keep_owner = extract || (text_empty(request->owner) && !text_equal(request->from.kind, "context")),
	    .cookie = job,
	};
	if (request->add && (!request->unpack_said || request->unpack))
		copy.consume = archive_take;
	/* cppcheck-suppress autoVariables; it is taken back below */
	job->copy = &copy;
	int rc = owner_find(job, request->owner, &copy.uid, &copy.gid, err);
	if (rc == 0 && request->sources && request->sources[0])
		rc = copy_run(&copy, err);
	if (rc == 0 && job->request.fetched && job->request.fetched[0]) {
		/* What was fetched is only unpacked when that is said. */
		copy.consume = request->unpack_said && request->unpack ? archive_take : NULL;
		copy.from = FETCHED_FD;
		copy.sources = job->request.fetched;
		copy.excludes = NULL;
		copy.parents = copy.keep_owner = false;
		rc = copy_run(&copy, err);
	}
	if (!job->request.fixed && copy.newest > job->epoch)
		job->epoch = copy.newest;
	for (size_t i = 0; rc == 0 && i < request->files.count; i++)
		rc = copy_text(&copy, request->files.items[i].name, request->files.items[i].content,
			       strlen(request->files.items[i].content), job->epoch, err);
	job->copy = NULL;
	return rc;
}

static int step_workdir(struct step_job *job, struct err *err)
{
	struct copy copy = {.to = job->root};
	auto_fd int made = -1;
	int rc = owner_find(job, job->request.user, &copy.uid, &copy.gid, err);
	return rc < 0 ? rc : copy_make_dirs(&copy, job->request.directory, &made, err);
}

/* --- the layer --- */

/* No time is later than the epoch: the same step gives the same layer on another day. */
static int times_bound(int dir, const struct timespec *latest, unsigned depth, struct err *err)
{
	struct dirent *entry;
	struct stat info;
	const struct timespec times[2] = {*latest, *latest};
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		cleanup_fd(&copy);
		return err_sys(err, "read what the step has written");
	}
	if (depth > SELECT_DEPTH_MAX)
		return err_set(err, ELOOP, "more than %d directories deep", SELECT_DEPTH_MAX);
	while ((entry = readdir(stream))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (fstatat(dir, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, "%s", entry->d_name);
		if (S_ISDIR(info.st_mode)) {
			auto_fd int child = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			int rc =
			    child < 0 ? err_sys(err, "%s", entry->d_name) : times_bound(child, latest, depth + 1, err);
			if (rc < 0)
				return rc;
		}
		if (info.st_mtime >= latest->tv_sec && utimensat(dir, entry->d_name, times, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, "%s: set the time", entry->d_name);
	}
	return 0;
}

static int directory_is_empty(int dir, bool *out_empty, struct err *err)
{
	struct dirent *entry;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		cleanup_fd(&copy);
		return err_sys(err, "read what the step has written");
	}
	*out_empty = true;
	while ((entry = readdir(stream)))
		*out_empty = *out_empty && (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."));
	return 0;
}

static int layer_finish(struct step_job *job, struct err *err)
{
	struct build_step_answer answer = {.epoch = job->epoch};
	const struct timespec latest = {.tv_sec = job->epoch}, times[2] = {latest, latest};
	auto_fd int upper = -1;
	int rc = dir_open("upper", &upper, err);
	if (rc == 0)
		rc = directory_is_empty(upper, &answer.empty, err);
	if (rc < 0)
		return rc;
	if (answer.empty) {
		answer_report(&table_build_step_answer, &answer);
		report_result(&(struct image_job_result){0});
		return 0;
	}
	rc = times_bound(upper, &latest, 0, err);
	if (rc == 0 && futimens(upper, times) < 0)
		rc = err_sys(err, "set the time");
	const struct layer_request request = {.upper = upper, .staging = STAGING_FD, .name = "layer", .in_place = true};
	struct layer_result made;
	if (rc == 0)
		rc = layer_make(&request, &made, err);
	if (rc == 0 && renameat(STAGING_FD, "upper", STAGING_FD, "layer/diff") < 0)
		rc = err_sys(err, "put the layer together");
	if (rc == 0 && syncfs(STAGING_FD) < 0)
		rc = err_sys(err, "sync");
	if (rc < 0)
		return rc;
	struct image_job_layer layer = {made.layer.diff_id.text, (char *)"layer", made.layer.size, made.layer.opaque};
	answer_report(&table_build_step_answer, &answer);
	report_result(&(struct image_job_result){.layers = {&layer, 1}});
	return 0;
}

static int step_job_run(struct step_job *job, struct err *err)
{
	int rc = request_read(job, err);
	if (rc == 0)
		rc = roots_open(job, err);
	if (rc == 0)
		rc = job_confine(job, err);
	umask(0);
	if (rc == 0 && job->request.context)
		rc = context_fill(job, err);
	if (rc == 0 && (is_kind(job, "copy") || is_kind(job, "extract")))
		rc = step_copy(job, err);
	if (rc == 0 && is_kind(job, "workdir"))
		rc = step_workdir(job, err);
	if (rc < 0)
		return rc;
	if (is_kind(job, "extract")) {
		report_result(&(struct image_job_result){0});
		return 0;
	}
	return layer_finish(job, err);
}

int build_job_step_main(int argc, char **argv)
{
	static struct step_job job;
	struct err err;
	(void)argc, (void)argv;
	return step_job_run(&job, &err) < 0 ? report_error(&err) : 0;
}
