/* tugd job build-plan: the context comes in, the Dockerfile becomes a plan. */
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "build/content.h"
#include "docker/ignore.h"
#include "engine/build_context.h"
#include "engine/build_job.h"
#include "image/report.h"
#include "security/confine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	STAGING_FD = 4,
	REQUEST_FD = 5,
	REPLY_FD = 6,
	REPLY_MAX = 4 << 20,
	CONTEXTS_MAX = 64,
	HIDDEN_MAX = 3,
	PLAN_TEXT_MAX = 7 << 20, /* a report's line has room for it */
};

struct planning {
	struct arena arena;
	struct build_plan_request request;
	int contexts[CONTEXTS_MAX];
	struct content contents[CONTEXTS_MAX]; /* what was hashed of each */
	struct ignore ignore;
	struct buf reply;
	int top;      /* of the context */
	bool spooled; /* it lives in memory, and its tar in the spool */
	struct context_files files;
	char *hidden[HIDDEN_MAX + 1];
};

/* --- the context --- */

static int contexts_open(struct planning *planning, int top, struct err *err)
{
	for (int64_t i = 0; i < planning->request.contexts; i++) {
		char name[24];
		snprintf(name, sizeof name, "%lld", (long long)i);
		if (mkdirat(top, name, 0755) < 0 && errno != EEXIST)
			return err_sys(err, "make context %s", name);
		int rc = path_open(top, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &planning->contexts[i], err);
		if (rc < 0)
			return rc;
	}
	if (planning->request.contexts == 0)
		planning->contexts[0] = dup(top);
	return 0;
}

/* Too large for the memory: on the disk, where steps find it then. */
static int context_spill(struct planning *planning, int spool, struct err *err)
{
	planning->spooled = false;
	context_files_done(&planning->files);
	if (unlinkat(STAGING_FD, "spool", 0) < 0)
		return err_sys(err, "remove the spool");
	close(planning->top);
	/* The mount point itself: the enclosed directory has no mount on it. */
	planning->top = openat(STAGING_FD, "context", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return planning->top < 0 ? err_sys(err, "open the context's directory")
				 : context_unpack_rest(planning->top, spool, err);
}

static int context_take(struct planning *planning, struct err *err)
{
	if (planning->request.contexts < 0 || planning->request.contexts > CONTEXTS_MAX)
		return err_set(err, EINVAL, "more than %d contexts", CONTEXTS_MAX);
	auto_fd int spool = openat(STAGING_FD, "spool", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (spool < 0)
		return err_sys(err, "make a file for the context");
	planning->spooled = true;
	planning->files.keep = text_empty(planning->request.build.dockerfile) ? "" : planning->request.build.dockerfile;
	int rc = context_receive(planning->top, spool, &planning->files, err);
	if (rc == -ENOSPC)
		rc = context_spill(planning, spool, err);
	return rc < 0 ? rc : contexts_open(planning, planning->top, err);
}

static int tree_begin(struct planning *planning, struct err *err)
{
	char staging[PATH_MAX];
	int rc = job_namespace_enter(STAGING_FD, NULL, 0, staging, err);
	return rc < 0 ? rc : context_tree_mount(STAGING_FD, staging, "context", &planning->top, err);
}

/* Docker's: what is listed reaches the builder, and COPY does not see it. */
static int ignored_remove(struct planning *planning, const char *dockerfile, struct err *err)
{
	auto_buf text = BUF_INIT(IGNORE_SIZE_MAX);
	auto_fd int file = -1;
	struct err missing;
	char name[PATH_MAX];
	snprintf(name, sizeof name, "%s.dockerignore", dockerfile);
	if (path_open(planning->contexts[0], name, PATH_BENEATH, O_RDONLY | O_NONBLOCK, 0, &file, &missing) < 0 &&
	    path_open(planning->contexts[0], ".dockerignore", PATH_BENEATH, O_RDONLY | O_NONBLOCK, 0, &file, &missing) <
		0)
		return 0;
	int rc = file_read_fd(file, ".dockerignore", &text, err);
	if (rc == 0)
		rc = ignore_parse(&planning->arena, buf_str(&text), text.len, &planning->ignore, err);
	if (rc < 0)
		return err_wrap(err, "failed to read dockerignore");
	const char *names[HIDDEN_MAX] = {dockerfile, ".dockerignore", name};
	size_t count = 0;
	for (size_t i = 0; i < array_size(names); i++) {
		if (!ignore_excludes(&planning->ignore, names[i]))
			continue;
		planning->hidden[count++] = arena_strdup(&planning->arena, names[i]);
		context_hide(planning->contexts[0], names[i]);
	}
	return 0;
}

/* --- the Dockerfile --- */

static int context_fill_again(struct planning *planning, struct err *err)
{
	auto_fd int spool = openat(STAGING_FD, "spool", O_RDONLY | O_CLOEXEC);
	if (spool < 0)
		return err_sys(err, "open the spool");
	context_files_done(&planning->files);
	return context_unpack(planning->top, spool, NULL, err);
}

static int dockerfile_read(struct planning *planning, struct buf *text, char **out_name, struct err *err)
{
	const char *asked = planning->request.build.dockerfile;
	auto_fd int file = -1;
	struct err first;
	struct stat info;
	/* tug's own client puts it beside the contexts, under its name: it need not be part of one. */
	if (planning->request.contexts > 0) {
		int rc = path_open(planning->top, "dockerfile", PATH_NO_LINKS, O_RDONLY | O_NONBLOCK, 0, &file, err);
		if (rc < 0)
			return err_wrap(err, "failed to read dockerfile");
		*out_name = arena_strdup(&planning->arena, text_empty(asked) ? "Dockerfile" : asked);
		return file_read_fd(file, *out_name, text, err);
	}
	char *name = path_clean(&planning->arena, text_empty(asked) ? "Dockerfile" : asked);
	int rc = path_open(planning->contexts[0], name, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK, 0, &file, &first);
	if (rc == -ENOENT && text_empty(asked)) {
		name = arena_strdup(&planning->arena, "dockerfile");
		rc = path_open(planning->contexts[0], name, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK, 0, &file, &first);
	}
	if (rc < 0)
		return err_set(err, EINVAL, "failed to read dockerfile: open %s: %s",
			       text_empty(asked) ? "Dockerfile" : asked, strerror(-rc));
	if (fstat(file, &info) < 0 || !S_ISREG(info.st_mode))
		return err_set(err, EINVAL, "failed to read dockerfile: %s is no file", name);
	*out_name = name;
	if (context_file_known(&planning->files, &info)) {
		/* A link leads to a file of another name, whose bytes are in the spool alone. */
		rc = context_fill_again(planning, err);
		if (rc == 0) {
			cleanup_fd(&file);
			rc = path_open(planning->contexts[0], name, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK, 0, &file, err);
		}
		if (rc < 0)
			return rc;
	}
	return file_read_fd(file, name, text, err);
}

/* --- what the planner asks --- */

static int reply_read(struct planning *planning, struct err *err)
{
	buf_reset(&planning->reply);
	for (;;) {
		char data[4096];
		ssize_t size = read(REPLY_FD, data, sizeof data);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return err_set(err, EPIPE, "the engine does not answer");
		buf_append(&planning->reply, data, (size_t)size);
		if (data[size - 1] == '\n')
			return buf_check(&planning->reply, "an image's configuration", err);
	}
}

static int ask_base(void *cookie, struct arena *arena, const char *reference, const char *platform,
		    struct build_base *out_base, struct oci_image *out_image, struct err *err)
{
	struct planning *planning = cookie;
	struct build_base_question question = {(char *)reference, (char *)platform};
	struct build_base_reply reply = {0};
	answer_report(&table_build_plan_answer, &(struct build_plan_answer){.base = &question});
	int rc = reply_read(planning, err);
	if (rc == 0)
		rc = json_load(arena, &table_build_base_reply, planning->reply.data, planning->reply.len, "the reply",
			       0, &reply, err);
	if (rc < 0)
		return rc;
	if (!text_empty(reply.error))
		return err_set(err, (int)reply.code, "%s", reply.error);
	*out_base = reply.base;
	*out_image = reply.image;
	return 0;
}

static const char *file_known(void *cookie, const struct stat *file)
{
	return context_file_known(cookie, file);
}

static int ask_content(void *cookie, struct arena *arena, int64_t context, char *const *sources, char *const *excludes,
		       bool parents, char **out_digest, struct err *err)
{
	struct planning *planning = cookie;
	int64_t count = planning->request.contexts > 0 ? planning->request.contexts : 1;
	if (context < 0 || context >= count)
		return err_set(err, EINVAL, "there is no context %lld", (long long)context);
	planning->contents[context].known = file_known;
	planning->contents[context].cookie = &planning->files;
	return content_digest(&planning->contents[context], arena, planning->contexts[context], sources, excludes,
			      parents, out_digest, err);
}

/* --- the whole --- */

static int request_read(struct planning *planning, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	int rc = file_read_fd(REQUEST_FD, "the request", &text, err);
	return rc < 0 ? rc
		      : json_load(&planning->arena, &table_build_plan_request, buf_str(&text), text.len, "the request",
				  0, &planning->request, err);
}

static int plan_check(const struct build_plan *plan, struct err *err)
{
	auto_buf text = BUF_INIT(PLAN_TEXT_MAX);
	json_encode(&text, &table_build_plan, plan);
	return text.overflow ? err_set(err, E2BIG, "%s: the plan of this build is larger than %d MiB",
				       plan->dockerfile_name, PLAN_TEXT_MAX >> 20)
			     : 0;
}

static int planning_run(struct planning *planning, struct err *err)
{
	const struct plan_world world = {.base = ask_base, .content = ask_content, .cookie = planning};
	auto_buf text = BUF_INIT(DOCKERFILE_SIZE_MAX);
	struct dockerfile file;
	struct build_plan plan;
	char *name = NULL;
	int rc = request_read(planning, err);
	if (rc == 0)
		rc = tree_begin(planning, err);
	if (rc == 0) {
		const struct confine_spec spec = {
		    .dirs = {{.fd = STAGING_FD, .writable = true}, {.fd = planning->top, .writable = true}},
		    .dir_count = 2};
		rc = confine_enter(&spec, err);
	}
	if (rc == 0)
		rc = context_take(planning, err);
	if (rc == 0)
		rc = dockerfile_read(planning, &text, &name, err);
	if (rc == 0)
		rc = dockerfile_parse(&planning->arena, name, buf_str(&text), text.len, &file, err);
	if (rc == 0 && planning->request.contexts == 0)
		rc = ignored_remove(planning, name, err);
	if (rc == 0)
		rc = plan_make(&planning->arena, &file, &planning->request.build, &world, &plan, err);
	if (rc < 0)
		return rc;
	plan.dockerfile = arena_strndup(&planning->arena, buf_str(&text), text.len);
	plan.spooled = planning->spooled;
	plan.hidden = planning->hidden;
	rc = plan_check(&plan, err);
	if (rc < 0)
		return rc;
	answer_report(&table_build_plan_answer, &(struct build_plan_answer){.plan = &plan});
	return 0;
}

int build_job_plan_main(int argc, char **argv)
{
	static struct planning planning = {.reply = BUF_INIT(REPLY_MAX)};
	struct err err;
	(void)argc, (void)argv;
	return planning_run(&planning, &err) < 0 ? report_error(&err) : 0;
}
