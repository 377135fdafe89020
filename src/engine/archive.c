#include "engine/archive.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/mounts.h"
#include "image/job.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { SPEC_MAX = 8 << 20 };

struct request {
	struct container *container;
	struct arena arena;
	struct archive_spec spec;
	int root; /* descriptor 4 of the job */
};

/* --- a running container: its mount namespace --- */

/* The number of a process may be another's by now: it must still be in the container's own group. */
static int process_check(const struct container *container, struct err *err)
{
	auto_free char *path = x_printf("/proc/%d/cgroup", container->pid);
	auto_buf text = BUF_INIT(64 << 10);
	int rc = file_read(AT_FDCWD, path, &text, err);
	if (rc == 0 && !strstr(buf_str(&text), container->id))
		rc = err_set(err, EBUSY, "container %s has just ended", container->name);
	return rc;
}

static int namespace_open(const struct container *container, int *out_fd, struct err *err)
{
	auto_free char *path = x_printf("/proc/%d/ns/mnt", container->pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat own, its;
	if (fd < 0)
		return err_sys(err, "open the mount namespace of container %s", container->name);
	int rc = process_check(container, err);
	if (rc < 0)
		return rc;
	if (stat("/proc/self/ns/mnt", &own) < 0 || fstat(fd, &its) < 0)
		return err_sys(err, "look at the mount namespace of container %s", container->name);
	if (own.st_ino == its.st_ino && own.st_dev == its.st_dev)
		return err_set(err, EBUSY, "container %s is still being started", container->name);
	*out_fd = take_fd(&fd);
	return 0;
}

/* --- one that does not run --- */

static int layers_list(struct request *request, struct err *err)
{
	struct container *container = request->container;
	struct digest image;
	int rc = digest_parse(container->document.image_id, &image, err);
	if (rc == 0)
		rc = image_lower_dirs(container->engine->images, &request->arena, &image, &request->spec.lower, err);
	request->spec.directory = arena_printf(&request->arena, "containers/%s", container->id);
	return rc;
}

/* What it would have mounted: binds and volumes, and the files that the engine writes for it. */
static void mounts_list(struct request *request)
{
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
	const struct container *container = request->container;
	size_t count;
	const struct mount_point *points = mounts_view(container, &request->arena, &count);
	struct archive_mount *mounts =
	    arena_array(&request->arena, struct archive_mount, count + array_size(files) + 1);
	size_t at = 0;
	for (size_t i = 0; i < array_size(files); i++) {
		char *source = arena_printf(&request->arena, "%s/containers/%s/%s", container->engine->config.data_root,
					    container->id, files[i]);
		if (access(source, F_OK) == 0)
			mounts[at++] =
			    (struct archive_mount){source, arena_printf(&request->arena, "/etc/%s", files[i]), false};
	}
	for (size_t i = 0; i < count; i++) {
		if (!text_empty(points[i].source) && points[i].source[0] == '/')
			mounts[at++] = (struct archive_mount){points[i].source, points[i].destination, !points[i].rw};
	}
	request->spec.mounts.items = mounts;
	request->spec.mounts.count = at;
}

/* The directories that a first start would make. */
static int directories_make(const struct request *request, struct err *err)
{
	auto_fd int dir = -1;
	int rc = data_make_container(request->container->engine->data, request->container->id, request->spec.lower[0],
				     &dir, err);
	return rc == -EEXIST ? 0 : rc;
}

/* --- the job --- */

static int request_begin(struct engine *engine, const char *name, struct request *request, struct err *err)
{
	*request = (struct request){.root = -1};
	int rc = container_find(engine, name, &request->container, err);
	if (rc < 0)
		return rc;
	request->spec.container = (char *)name;
	return layers_list(request, err);
}

static int data_dir_open(struct request *request, struct err *err)
{
	request->root = openat(request->container->engine->data, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return request->root < 0 ? err_sys(err, "open the data directory") : 0;
}

/* Whatever way there is to the files as the container sees them. */
static int root_open(struct request *request, bool writable, struct err *err)
{
	const struct container *container = request->container;
	request->spec.read_only = container->document.host.readonly_rootfs;
	request->spec.running = state_is_running(container->state) && container->pid > 0;
	if (request->spec.running)
		return namespace_open(container, &request->root, err);
	int rc = writable ? directories_make(request, err) : 0;
	if (rc < 0)
		return rc;
	mounts_list(request);
	return data_dir_open(request, err);
}

static void request_done(struct request *request)
{
	cleanup_fd(&request->root);
	arena_done(&request->arena);
}

static int request_start(struct request *request, const char *kind, struct job_request *job,
			 struct engine_job_sink *sink, struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)kind, NULL};
	auto_buf text = BUF_INIT(SPEC_MAX);
	auto_fd int spec = -1;
	json_encode(&text, &table_archive_spec, &request->spec);
	int rc = buf_check(&text, "the job's specification", err);
	if (rc == 0)
		rc = fd_sealed("tug-archive", text.data, text.len, &spec, err);
	if (rc < 0)
		return rc;
	const int fds[] = {request->root, spec};
	job->argv = argv;
	job->fds = fds;
	job->fd_count = array_size(fds);
	return job_begin(request->container->engine, job, sink, out_job, err);
}

static int path_check(struct request *request, const char *path, struct err *err)
{
	if (text_empty(path))
		return err_set(err, EINVAL, "bad parameter: path cannot be empty");
	request->spec.path = container_path_clean(&request->arena, path);
	return 0;
}

static int archive_read(struct engine *engine, const char *name, const char *path, const char *verb,
			struct job_request *job, struct engine_job_sink *sink, struct engine_job **out_job,
			struct err *err)
{
	struct request request;
	int rc = request_begin(engine, name, &request, err);
	if (rc == 0)
		rc = path_check(&request, path, err);
	if (rc == 0)
		rc = root_open(&request, false, err);
	request.spec.verb = (char *)verb;
	if (rc == 0)
		rc = request_start(&request, "archive", job, sink, out_job, err);
	if (rc == 0 && text_equal(verb, "get"))
		container_event(request.container, "archive-path", NULL);
	request_done(&request);
	return rc;
}

int engine_archive_stat(struct engine *engine, const char *name, const char *path, struct engine_job_sink *sink,
			struct engine_job **out_job, struct err *err)
{
	return archive_read(engine, name, path, "stat", &(struct job_request){0}, sink, out_job, err);
}

int engine_archive_get(struct engine *engine, const char *name, const char *path, struct engine_job_sink *sink,
		       struct engine_job **out_job, struct err *err)
{
	return archive_read(engine, name, path, "get", &(struct job_request){.output = true, .answers = true}, sink,
			    out_job, err);
}

int engine_archive_put(struct engine *engine, const char *name, const struct engine_archive_put *put,
		       struct engine_job_sink *sink, struct engine_job **out_job, struct err *err)
{
	struct request request;
	int rc = request_begin(engine, name, &request, err);
	if (rc == 0)
		rc = path_check(&request, put->path, err);
	if (rc == 0)
		rc = root_open(&request, true, err);
	if (rc == 0) {
		const char *user = request.container->document.config.user;
		request.spec.verb = (char *)"put";
		request.spec.keep_kind = put->keep_kind;
		request.spec.has_user = put->copy_uid_gid && !text_empty(user);
		request.spec.user = (char *)(user ? user : "");
		rc = request_start(&request, "archive", &(struct job_request){.input = true}, sink, out_job, err);
	}
	if (rc == 0)
		container_event(request.container, "extract-to-dir", NULL);
	request_done(&request);
	return rc;
}

int engine_export(struct engine *engine, const char *name, struct engine_job_sink *sink, struct engine_job **out_job,
		  struct err *err)
{
	struct request request;
	int rc = request_begin(engine, name, &request, err);
	if (rc == 0)
		rc = data_dir_open(&request, err);
	if (rc == 0)
		rc = request_start(&request, "export", &(struct job_request){.output = true}, sink, out_job, err);
	if (rc == 0)
		container_event(request.container, "export", NULL);
	request_done(&request);
	return rc;
}

int engine_changes(struct engine *engine, const char *name, struct engine_job_sink *sink, struct engine_job **out_job,
		   struct err *err)
{
	struct request request;
	int rc = request_begin(engine, name, &request, err);
	if (rc == 0)
		rc = data_dir_open(&request, err);
	if (rc == 0)
		rc = request_start(&request, "changes", &(struct job_request){0}, sink, out_job, err);
	request_done(&request);
	return rc;
}
