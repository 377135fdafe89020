/* A build from its request to its image. */
#include "engine/build.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/reference.h"
#include "engine/build_state.h"
#include "image/job.h"
#include "storage/content.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CONFIG_MAX = 4 << 20, REPLY_PIPE = 1 << 20 };

/* --- life --- */

static void build_free(struct engine_build *build)
{
	struct engine_build **link = &build->engine->builds;
	struct err ignored;
	while (*link != build)
		link = &(*link)->next;
	*link = build->next;
	loop_task_remove(&build->task);
	build_pull_free(build->pull_now);
	if (build->plan_job)
		engine_job_cancel(build->plan_job);
	for (size_t i = 0; build->stages && i < build->plan.stages.count; i++) {
		if (build->stages[i].work)
			build_work_free(build->stages[i].work);
	}
	cleanup_fd(&build->reply_fd);
	if (build->spool >= 0)
		cleanup_fd(&build->spool);
	else
		cleanup_fds(build->contexts, build->context_count);
	build_dirs_free(build->engine, &build->dirs);
	cleanup_fd(&build->staging_fd);
	if (build->staging[0])
		(void)!data_unstage(build->engine->data, build->staging, &ignored); /* or at the next start */
	build_session_free(build->session);
	job_trash(build->engine);
	arena_done(&build->plan_arena);
	arena_done(&build->arena);
	free(build);
}

void engine_build_cancel(struct engine_build *build)
{
	build->sink = NULL;
	build_free(build);
}

void builds_end(struct engine *engine)
{
	while (engine->builds)
		engine_build_cancel(engine->builds);
}

void build_tell(struct engine_build *build, const struct build_event *event)
{
	struct build_event stamped = *event;
	stamped.at_ns = time_monotonic_ns() - build->began_ns;
	if (build->sink)
		build->sink->event(build->sink, &stamped);
}

static void build_over(struct engine_build *build, const struct err *err)
{
	struct engine_build_sink *sink = build->sink;
	struct err copy;
	if (err)
		copy = *err;
	build->sink = NULL;
	build_free(build);
	if (sink)
		sink->ended(sink, err ? &copy : NULL);
}

/* The end comes from the loop: whoever finds a fault may stand deep in the build. */
void build_fail(struct engine_build *build, const struct err *err)
{
	if (build->failure.code)
		return;
	build->failure = *err;
	build_advance_later(build);
}

/* --- the image --- */

static char *time_text(struct arena *arena, int64_t seconds)
{
	char text[TIME_TEXT];
	time_rfc3339_short(seconds * 1000000000, text);
	return arena_strdup(arena, text);
}

/* The plan's configuration with what only the steps knew: layers, times, which steps left nothing. */
static void config_complete(struct engine_build *build, struct build_stage_run *stage, struct oci_image *image)
{
	*image = stage->stage->image;
	image->created = time_text(&build->arena, stage->epoch);
	image->rootfs = (struct oci_image_rootfs){.type = (char *)"layers", .diff_ids = stage->layers};
	if (!image->rootfs.diff_ids)
		image->rootfs.diff_ids = arena_array(&build->arena, char *, 1);
	for (struct build_stage_run *at = stage;; at = &build->stages[at->stage->from.number]) {
		for (size_t i = 0; i < at->stage->steps.count; i++) {
			const struct build_step *step = &at->stage->steps.items[i];
			if (step->history < 0 || (size_t)step->history >= image->history.count)
				continue;
			struct oci_history *entry = &image->history.items[step->history];
			entry->created =
			    time_text(&build->arena, at->results[i].epoch ? at->results[i].epoch : at->epoch);
			entry->empty_layer = !*at->results[i].layer;
		}
		if (!text_equal(at->stage->from.kind, "stage"))
			break;
	}
}

static int names_full(struct engine_build *build, char ***out_names, struct err *err)
{
	size_t count = strv_count(build->tags);
	char **names = arena_array(&build->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct reference reference;
		char text[REFERENCE_TEXT_MAX];
		int rc = reference_parse(build->tags[i], &reference, err);
		if (rc < 0)
			return err_wrap(err, "invalid tag \"%s\"", build->tags[i]);
		if (*reference.digest)
			return err_set(err, EINVAL,
				       "invalid tag \"%s\": refusing to create a tag with a digest reference",
				       build->tags[i]);
		reference_set_default_tag(&reference);
		reference_full(&reference, text);
		names[i] = arena_strdup(&build->arena, text);
	}
	*out_names = names;
	return 0;
}

static int image_make(struct engine_build *build, struct digest *out_id, struct err *err)
{
	struct build_stage_run *stage = &build->stages[build->plan.target];
	auto_buf text = BUF_INIT(CONFIG_MAX);
	struct oci_image image;
	char **names;
	int rc = names_full(build, &names, err);
	if (rc < 0)
		return rc;
	config_complete(build, stage, &image);
	json_encode(&text, &table_oci_image, &image);
	rc = buf_check(&text, "the image's configuration", err);
	if (rc == 0)
		rc = content_stage(build->staging_fd, "config", text.data, text.len, out_id, err);
	if (rc < 0)
		return rc;
	struct image_job_image made = {out_id->text, names, image.rootfs.diff_ids};
	struct image_job_blob blob = {out_id->text, (char *)"config"};
	struct image_job_result result = {.images = {&made, 1}, .blobs = {&blob, 1}};
	return image_store_put(build->engine->images, build->staging_fd, &result, err);
}

static void image_tell(struct engine_build *build, const struct digest *id)
{
	build_tell(build, &(struct build_event){.kind = (char *)"image", .id = (char *)id->text});
	for (char *const *tag = build->tags; tag && *tag; tag++) {
		struct json_pair pair = {(char *)"name", *tag};
		event_publish(&build->engine->bus, "image", "tag", id->text, &(struct json_map){&pair, 1}, NULL);
	}
}

/* --- the steps --- */

static void stage_advance(struct engine_build *build, struct build_stage_run *stage)
{
	while (!stage->done && !stage->work && !build->failure.code) {
		if (stage->next == stage->stage->steps.count) {
			stage->done = true;
			build_advance_later(build);
		} else if (!build_step_begin(stage, build)) {
			return;
		}
	}
	struct build_work *work = stage->work;
	if (!work || build->failure.code)
		return;
	if (work->exited)
		build_command_over(work);
	else if (work->step->run && !*work->container && !work->job)
		build_command_begin(work); /* it waits for a lock */
}

static void build_advance(struct loop_task *task)
{
	struct engine_build *build = container_of(task, struct engine_build, task);
	struct digest id;
	struct err err;
	if (!build->stages && !build->failure.code)
		return;
	for (size_t i = 0; build->stages && i < build->plan.stages.count; i++)
		stage_advance(build, &build->stages[i]);
	if (build->failure.code) {
		build_tell(build, &(struct build_event){.kind = (char *)"error",
							.step = build->failed_step,
							.text = build->failure.msg,
							.code = build->failed_code,
							.line = build->failed_line,
							.last_line = build->failed_last_line,
							.label = build->failed_line ? build->plan.dockerfile : NULL,
							.id = build->failed_line ? build->plan.dockerfile_name : NULL});
		err = build->failure;
		build_over(build, &err);
		return;
	}
	if (!build->stages[build->plan.target].done)
		return;
	int rc = image_make(build, &id, &err);
	if (rc == 0)
		image_tell(build, &id);
	build_over(build, rc < 0 ? &err : NULL);
}

void build_advance_later(struct engine_build *build)
{
	if (!build->task.loop)
		loop_task_add(build->engine->loop, &build->task, build_advance);
}

static void steps_begin(struct engine_build *build)
{
	int64_t id = 1;
	build->stages = arena_array(&build->arena, struct build_stage_run, build->plan.stages.count + 1);
	for (size_t i = 0; i < build->plan.stages.count; i++) {
		const struct build_stage *stage = &build->plan.stages.items[i];
		build->stages[i] = (struct build_stage_run){
		    .stage = stage,
		    .first_id = id,
		    .results = arena_array(&build->arena, struct build_result, stage->steps.count + 1),
		};
		id += (int64_t)stage->steps.count;
	}
	build_advance_later(build);
}

/* --- the plan --- */

static void warnings_tell(struct engine_build *build)
{
	for (size_t i = 0; i < build->plan.warnings.count; i++) {
		const struct build_warning *warning = &build->plan.warnings.items[i];
		build_tell(build, &(struct build_event){.kind = (char *)"warning",
							.rule = warning->rule,
							.text = warning->message,
							.url = warning->url,
							.line = warning->line,
							.label = build->check ? build->plan.dockerfile : NULL,
							.id = build->plan.dockerfile_name});
	}
}

static void plan_answer(struct engine_job_sink *sink, const struct json *value)
{
	struct engine_build *build = container_of(sink, struct engine_build, plan_sink);
	struct build_plan_answer answer = {0};
	struct err err;
	int rc = json_decode(&build->plan_job->arena, &table_build_plan_answer, value, 0, &answer, &err);
	if (rc < 0) {
		build_fail(build, &err);
	} else if (answer.base) {
		build_base_answer(build, answer.base);
	} else if (answer.plan) {
		build->plan = *answer.plan;
		build->plan_seen = true;
	}
}

static void context_tell(struct engine_build *build, const char *state)
{
	build_tell(build, &(struct build_event){.kind = (char *)"step",
						.step = 0,
						.label = (char *)"[internal] load build context",
						.state = (char *)state,
						.internal = true});
}

/* What the job has made stays as long as the build. */
static int plan_finish(struct engine_job *job, struct err *err)
{
	struct engine_build *build = job->context;
	if (!job->sink)
		return 0;
	if (!build->plan_seen)
		return err_set(err, EPROTO, "the job made no plan");
	build->plan_arena = job->arena;
	job->arena = (struct arena){0};
	memcpy(build->staging, job->staging, sizeof build->staging);
	job->staging[0] = 0;
	build->staging_fd = take_fd(&job->staging_fd);
	int64_t count = build->request.contexts > 0 ? build->request.contexts : 1;
	if (build->plan.spooled) {
		build->context_count = (size_t)count;
		build->spool = openat(build->staging_fd, "spool", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		return build->spool < 0 ? err_sys(err, "open the context") : 0;
	}
	for (int64_t i = 0; i < count && i < (int64_t)array_size(build->contexts); i++) {
		char name[40] = "context";
		if (build->request.contexts > 0)
			snprintf(name, sizeof name, "context/%lld", (long long)i);
		build->contexts[i] = openat(build->staging_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (build->contexts[i] < 0)
			return err_sys(err, "open the context");
		build->context_count++;
	}
	return 0;
}

static void plan_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct engine_build *build = container_of(sink, struct engine_build, plan_sink);
	struct err failed;
	build->plan_job = NULL;
	if (err) {
		build_fail(build, err);
		return;
	}
	context_tell(build, "done");
	warnings_tell(build);
	if (build->check) {
		if (build->plan.check_failed) {
			err_set(&failed, EINVAL, "lint violation found for rules");
			build_fail(build, &failed);
			return;
		}
		build_over(build, NULL);
		return;
	}
	if (build->plan.check_failed) {
		err_set(&failed, EINVAL, "lint violation found for rules: %s", build->plan.warnings.items[0].rule);
		build_fail(build, &failed);
		return;
	}
	steps_begin(build);
}

static void plan_writable(struct engine_job_sink *sink)
{
	struct engine_build *build = container_of(sink, struct engine_build, plan_sink);
	if (build->sink)
		build->sink->writable(build->sink);
}

/* --- the beginning --- */

static int args_read(struct engine_build *build, const struct json *args, struct err *err)
{
	struct build_request *request = &build->request.build;
	if (!args)
		return 0;
	if (args->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "buildargs: not an object");
	request->args.items = arena_array(&build->arena, struct json_pair_item, args->count + 1);
	for (size_t i = 0; i < args->count; i++) {
		const struct json *value = args->items[i];
		if (value->kind != JSON_STRING && value->kind != JSON_NULL)
			return err_set(err, EINVAL, "buildargs: %s: not a text", args->keys[i]);
		request->args.items[request->args.count++] = (struct json_pair_item){
		    arena_strdup(&build->arena, args->keys[i]),
		    value->kind == JSON_STRING ? arena_strdup(&build->arena, value->text) : NULL};
		if (text_equal(args->keys[i], "SOURCE_DATE_EPOCH") && value->kind == JSON_STRING && *value->text) {
			request->epoch = arena_new(&build->arena, int64_t);
			int rc = number_parse(value->text, 0, INT64_MAX / 1000000000, "SOURCE_DATE_EPOCH",
					      request->epoch, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int named_read(struct engine_build *build, const struct json *named, struct err *err)
{
	struct build_request *request = &build->request.build;
	if (!named)
		return 0;
	if (named->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "buildcontexts: not an object");
	request->named.items = arena_array(&build->arena, struct build_named, named->count + 1);
	for (size_t i = 0; i < named->count; i++) {
		struct build_named *item = &request->named.items[request->named.count++];
		const char *value = named->items[i]->kind == JSON_STRING ? named->items[i]->text : "", *rest;
		int rc = 0;
		*item = (struct build_named){.name = arena_strdup(&build->arena, named->keys[i]), .context = -1};
		if ((rest = text_after(value, "docker-image://")))
			item->image = arena_strdup(&build->arena, rest);
		else if ((rest = text_after(value, "target:")))
			item->stage = arena_strdup(&build->arena, rest);
		else
			rc = number_parse(value, 0, build->request.contexts - 1, named->keys[i], &item->context, err);
		if (rc < 0)
			return err_wrap(err, "buildcontexts");
	}
	return 0;
}

static char **list_copy(struct arena *arena, char *const *list)
{
	size_t count = strv_count(list);
	char **copy = arena_array(arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(arena, list[i]);
	return copy;
}

static char *text_copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static int limits_copy(struct engine_build *build, const struct host_config *limits, struct err *err)
{
	auto_buf text = BUF_INIT(1 << 20);
	json_encode(&text, &table_host_config, limits);
	int rc = buf_check(&text, "the limits", err);
	return rc < 0 ? rc
		      : json_load(&build->arena, &table_host_config, text.data, text.len, "limits", 0, &build->limits,
				  err);
}

static int options_take(struct engine_build *build, const struct engine_build_options *options, struct err *err)
{
	struct arena *arena = &build->arena;
	struct build_request *request = &build->request.build;
	const char *network = options->network;
	request->dockerfile = text_copy(arena, options->dockerfile);
	request->target = text_copy(arena, options->target);
	request->platform = text_copy(arena, options->platform);
	request->no_cache = options->no_cache;
	request->check = build->check = options->check;
	request->no_cache_stages = list_copy(arena, options->no_cache_stages);
	build->request.contexts = options->contexts;
	build->tags = list_copy(arena, options->tags);
	build->keep_failed = options->keep_failed;
	build->pull = options->pull;
	build->auths = text_copy(arena, options->auths);
	build->serial = options->serial;
	if (!text_empty(network) && !text_equal(network, "default") && !text_equal(network, "none") &&
	    !text_equal(network, "host") && !text_equal(network, "bridge"))
		return err_set(err, EINVAL, "network mode \"%s\" not supported by builds (default, none or host)",
			       network);
	request->network =
	    arena_strdup(arena, text_empty(network) || text_equal(network, "bridge") ? "default" : network);
	int rc = args_read(build, options->args, err);
	if (rc == 0)
		rc = named_read(build, options->named, err);
	if (rc == 0 && options->limits)
		rc = limits_copy(build, options->limits, err);
	if (rc < 0)
		return rc;
	request->hosts = build->limits.extra_hosts;
	for (size_t i = 0; options->labels && i < options->labels->count; i++) {
		if (i == 0)
			request->labels.items = arena_array(arena, struct json_pair, options->labels->count);
		request->labels.items[request->labels.count++] =
		    (struct json_pair){arena_strdup(arena, options->labels->items[i].key),
				       arena_strdup(arena, options->labels->items[i].value)};
	}
	if (!text_empty(options->session)) {
		build->session = build_session_take(build->engine, options->session);
		if (!build->session)
			return err_set(err, EINVAL, "no session of a build has this token, or it is over");
	}
	char **names;
	return names_full(build, &names, err);
}

static int plan_begin(struct engine_build *build, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"build-plan", NULL};
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	auto_fd int sealed = -1, theirs = -1;
	int ends[2];
	json_encode(&text, &table_build_plan_request, &build->request);
	int rc = buf_check(&text, "the build's request", err);
	if (rc == 0)
		rc = fd_sealed("tug-build", text.data, text.len, &sealed, err);
	if (rc < 0)
		return rc;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	theirs = ends[0];
	build->reply_fd = ends[1];
	(void)fcntl(build->reply_fd, F_SETPIPE_SZ, REPLY_PIPE);
	rc = fd_set_nonblock(build->reply_fd, true, err);
	if (rc < 0)
		return rc;
	const int fds[] = {sealed, theirs};
	const struct job_request job = {
	    .argv = argv, .fds = fds, .fd_count = 2, .staging = true, .input = true, .finish = plan_finish};
	build->plan_sink =
	    (struct engine_job_sink){.ended = plan_ended, .writable = plan_writable, .answer = plan_answer};
	rc = job_begin(build->engine, &job, &build->plan_sink, &build->plan_job, err);
	if (rc == 0)
		build->plan_job->context = build;
	return rc;
}

int engine_build_begin(struct engine *engine, const struct engine_build_options *options,
		       struct engine_build_sink *sink, struct engine_build **out_build, struct err *err)
{
	struct engine_build *build = x_alloc(sizeof *build);
	build->engine = engine;
	build->reply_fd = build->staging_fd = build->spool = -1;
	build->began_ns = time_monotonic_ns();
	build->next = engine->builds;
	engine->builds = build;
	int rc = options_take(build, options, err);
	if (rc == 0)
		rc = plan_begin(build, err);
	if (rc < 0) {
		build_free(build);
		return rc;
	}
	build->sink = sink;
	*out_build = build;
	return 0;
}

size_t engine_build_write(struct engine_build *build, const void *data, size_t size)
{
	return build->plan_job ? engine_job_write(build->plan_job, data, size) : size;
}

void engine_build_finish_input(struct engine_build *build)
{
	if (build->plan_job)
		engine_job_finish(build->plan_job);
}

void engine_build_resume(struct engine_build *build)
{
	for (size_t i = 0; build->stages && i < build->plan.stages.count; i++) {
		if (build->stages[i].work)
			build_command_resume(build->stages[i].work);
	}
}
