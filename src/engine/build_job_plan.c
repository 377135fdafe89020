/* tugd job build-plan: the context comes in, the Dockerfile becomes a plan. */
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "build/content.h"
#include "docker/ignore.h"
#include "engine/build_job.h"
#include "image/compress.h"
#include "image/report.h"
#include "image/unpack.h"
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
	PLAN_TEXT_MAX = 7 << 20, /* a report's line has room for it */
};

struct planning {
	struct arena arena;
	struct build_plan_request request;
	int contexts[CONTEXTS_MAX];
	struct content contents[CONTEXTS_MAX]; /* what was hashed of each */
	struct ignore ignore;
	struct buf reply;
};

/* --- the context --- */

static int context_unpack(int dir, struct err *err)
{
	struct stream_fd source;
	struct stream *plain;
	enum compress_kind kind;
	struct unpack_result result;
	stream_fd_init(&source, STDIN_FILENO);
	int rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = unpack_layer(dir, plain, &(struct unpack_limits){.plain = true}, &result, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	return rc < 0 ? err_wrap(err, "build context") : 0;
}

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

static int context_take(struct planning *planning, struct err *err)
{
	if (planning->request.contexts < 0 || planning->request.contexts > CONTEXTS_MAX)
		return err_set(err, EINVAL, "more than %d contexts", CONTEXTS_MAX);
	if (mkdirat(STAGING_FD, "context", 0755) < 0)
		return err_sys(err, "make a directory for the context");
	auto_fd int top = openat(STAGING_FD, "context", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys(err, "open the context's directory");
	int rc = context_unpack(top, err);
	return rc < 0 ? rc : contexts_open(planning, top, err);
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
	const char *names[] = {dockerfile, ".dockerignore", name};
	for (size_t i = 0; i < array_size(names); i++) {
		auto_fd int parent = -1;
		char leaf[256];
		if (ignore_excludes(&planning->ignore, names[i]) &&
		    path_open_parent(planning->contexts[0], names[i], PATH_BENEATH, &parent, leaf, &missing) == 0)
			(void)unlinkat(parent, leaf, 0);
	}
	return 0;
}

/* --- the Dockerfile --- */

static int dockerfile_read(struct planning *planning, struct buf *text, char **out_name, struct err *err)
{
	const char *asked = planning->request.build.dockerfile;
	auto_fd int file = -1;
	struct err first;
	struct stat info;
	/* tug's own client puts it beside the contexts, under its name: it need not be part of one. */
	if (planning->request.contexts > 0) {
		int rc =
		    path_open(STAGING_FD, "context/dockerfile", PATH_NO_LINKS, O_RDONLY | O_NONBLOCK, 0, &file, err);
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

static int ask_content(void *cookie, struct arena *arena, int64_t context, char *const *sources, char *const *excludes,
		       bool parents, char **out_digest, struct err *err)
{
	struct planning *planning = cookie;
	int64_t count = planning->request.contexts > 0 ? planning->request.contexts : 1;
	if (context < 0 || context >= count)
		return err_set(err, EINVAL, "there is no context %lld", (long long)context);
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
		rc = confine_enter(&(struct confine_spec){.dirs = {{STAGING_FD, true}}, .dir_count = 1}, err);
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
