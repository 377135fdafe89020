/* One step of a build: from the cache, or done by a job or a command. */
#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/build_state.h"
#include "image/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- roots --- */

char **build_root_layers(struct engine_build *build, const struct build_root *root)
{
	static char *none[] = {NULL};
	if (text_equal(root->kind, "stage") && (size_t)root->number < build->plan.stages.count)
		return build->stages[root->number].layers;
	if (text_equal(root->kind, "base") && (size_t)root->number < build->plan.bases.count)
		return build->plan.bases.items[root->number].layers;
	return none;
}

int build_lower(struct engine_build *build, struct arena *arena, char *const *layers, char ***out_paths,
		struct err *err)
{
	char **paths;
	int rc = image_layer_dirs(build->engine->images, arena, layers, &paths, err);
	if (rc < 0)
		return rc;
	char **whole = arena_array(arena, char *, strv_count(paths) + 1);
	for (size_t i = 0; paths[i]; i++)
		whole[i] = arena_printf(arena, "%s/%s", build->engine->config.data_root, paths[i]);
	*out_paths = whole;
	return 0;
}

static bool root_ready(const struct engine_build *build, const struct build_root *root)
{
	if (!root || !text_equal(root->kind, "stage"))
		return true;
	return (size_t)root->number < build->plan.stages.count && build->stages[root->number].done;
}

static bool roots_ready(const struct engine_build *build, const struct build_step *step)
{
	bool ready = !step->copy || root_ready(build, &step->copy->from);
	for (size_t i = 0; step->run && i < step->run->mounts.count; i++)
		ready = ready && root_ready(build, step->run->mounts.items[i].from);
	return ready;
}

/* --- the key --- */

static void key_root(struct engine_build *build, struct hash *hash, const struct build_root *root)
{
	if (!root || text_equal(root->kind, "context"))
		return; /* its content is in the definition */
	for (char *const *layer = build_root_layers(build, root); layer && *layer; layer++)
		hash_update(hash, *layer, strlen(*layer) + 1);
	hash_update(hash, "", 1);
}

/* What decides the result: the layers below, what is done, and the layers that it looks at. Never a name or a time. */
static void key_make(struct build_stage_run *stage, struct engine_build *build, const struct build_step *step,
		     char out_key[BUILD_KEY])
{
	auto_hash struct hash *hash = hash_new();
	struct digest digest;
	for (size_t i = 0; i < stage->layer_count; i++)
		hash_update(hash, stage->layers[i], strlen(stage->layers[i]) + 1);
	hash_update(hash, step->definition, strlen(step->definition) + 1);
	if (step->copy)
		key_root(build, hash, &step->copy->from);
	for (size_t i = 0; step->run && i < step->run->mounts.count; i++)
		key_root(build, hash, step->run->mounts.items[i].from);
	if (build->request.build.epoch)
		hash_update(hash, build->request.build.epoch, sizeof *build->request.build.epoch);
	for (size_t i = 0; stage->work && i < stage->work->fetched.files.count; i++)
		hash_update(hash, stage->work->fetched.files.items[i].digest, DIGEST_TEXT);
	digest_final(hash, &digest);
	snprintf(out_key, BUILD_KEY, "%s", digest_hex(&digest));
}

/* --- results --- */

static void stage_append(struct build_stage_run *stage, struct engine_build *build, const struct build_result *result)
{
	stage->results[stage->next++] = *result;
	if (result->epoch > stage->epoch)
		stage->epoch = result->epoch;
	if (!*result->layer)
		return;
	char **layers = arena_array(&build->arena, char *, stage->layer_count + 2);
	if (stage->layer_count > 0)
		memcpy(layers, stage->layers, stage->layer_count * sizeof *layers);
	layers[stage->layer_count++] = arena_strdup(&build->arena, result->layer);
	stage->layers = layers;
}

static void step_tell(struct build_work *work, const char *state, int64_t code)
{
	const struct build_step *step = work->step;
	build_tell(work->build, &(struct build_event){
				    .kind = (char *)"step",
				    .step = work->id,
				    .label = step->number > 0 ? step->label : NULL,
				    .text = step->text,
				    .state = (char *)state,
				    .line = step->first_line,
				    .last_line = step->last_line,
				    .code = code,
				    .number = work->build->classic,
				    .total = work->build->plan.classic_total,
				    .id = *work->container ? work->container : NULL,
				    .image = *work->result.layer ? work->result.layer : NULL,
				});
}

void build_work_free(struct build_work *work)
{
	if (work->job)
		engine_job_cancel(work->job);
	build_command_free(work);
	cleanup_fd(&work->fetched_fd);
	work->stage->work = NULL;
	if (work->counted)
		work->build->working--;
	arena_done(&work->arena);
	free(work);
}

void build_work_done(struct build_work *work)
{
	struct engine_build *build = work->build;
	struct build_stage_run *stage = work->stage;
	step_tell(work, "done", 0);
	stage_append(stage, work->build, &work->result);
	build_work_free(work);
	build_advance_later(build);
}

void build_work_failed(struct build_work *work, const struct err *err, int64_t code)
{
	struct engine_build *build = work->build;
	struct err copy = *err;
	build->failed_line = work->step->first_line;
	build->failed_last_line = work->step->last_line;
	build->failed_code = code;
	build->failed_step = work->id;
	step_tell(work, "failed", code);
	build_work_free(work);
	build_fail(build, &copy);
}

/* --- jobs --- */

int build_seal_request(struct arena *arena, const struct build_step_request *request, int *out_fd, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	(void)arena;
	json_encode(&text, &table_build_step_request, request);
	int rc = buf_check(&text, "the request of a step", err);
	return rc < 0 ? rc : fd_sealed("tug-build-step", text.data, text.len, out_fd, err);
}

static int job_finish(struct engine_job *job, struct err *err)
{
	struct build_work *work = job->context;
	struct build_step_answer answer = {0};
	bool extract = !job->answer;
	if (!job->sink)
		return 0; /* it was given up */
	if (extract) {
		build_dir_keep(work, job->staging);
		job->staging[0] = 0; /* lives as long as the step */
		work->extracted = true;
		return 0;
	}
	int rc = json_decode(&work->arena, &table_build_step_answer, job->answer, 0, &answer, err);
	if (rc < 0)
		return rc;
	work->result = (struct build_result){.epoch = answer.epoch};
	const struct image_job_layer *layer = NULL;
	if (!answer.empty) {
		if (!job->result || job->result->layers.count != 1)
			return err_set(err, EPROTO, "the job made no layer");
		layer = job->result->layers.items;
		work->result.size = (int64_t)layer->size;
		snprintf(work->result.layer, sizeof work->result.layer, "%s", layer->diff_id);
	}
	return build_cache_put(work->build->engine, work->key, &work->result, work->step, job->staging_fd, layer, err);
}

static void job_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct build_work *work = container_of(sink, struct build_work, sink);
	work->job = NULL;
	if (err)
		build_work_failed(work, err, 0);
	else if (work->extracted)
		build_command_begin(work);
	else
		build_work_done(work);
}

int build_job_begin(struct build_work *work, const struct build_step_request *request, int from, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"build-step", NULL};
	auto_fd int sealed = -1;
	int rc = build_seal_request(&work->arena, request, &sealed, err);
	if (rc < 0)
		return rc;
	const int fds[] = {sealed, from, work->fetched_fd};
	const struct job_request job = {.argv = argv, .fds = fds, .fd_count = 3, .staging = true, .finish = job_finish};
	work->sink = (struct engine_job_sink){.ended = job_ended};
	rc = job_begin(work->build->engine, &job, &work->sink, &work->job, err);
	if (rc == 0)
		work->job->context = work;
	return rc;
}

int build_context_take(struct engine_build *build, struct arena *arena, int64_t number,
		       struct build_step_request *request, int *out_fd, struct err *err)
{
	if (number < 0 || (size_t)number >= build->context_count)
		return err_set(err, EINVAL, "there is no context %lld", (long long)number);
	*out_fd = build->contexts[number];
	if (build->spool < 0)
		return 0;
	*out_fd = build->spool;
	request->hidden = build->plan.hidden;
	request->context = build->request.contexts > 0 ? arena_printf(arena, "%lld", (long long)number) : (char *)".";
	return 0;
}

static int files_begin(struct build_work *work, struct err *err)
{
	struct engine_build *build = work->build;
	const struct build_step *step = work->step;
	struct build_step_request request = {.kind = step->kind,
					     .copy = step->copy,
					     .directory = step->directory,
					     .user = step->user,
					     .epoch = work->stage->epoch,
					     .fixed = build->request.build.epoch != NULL};
	int from = -1;
	int rc = build_lower(build, &work->arena, work->stage->layers, &request.lower, err);
	if (rc < 0)
		return rc;
	if (step->copy && step->copy->repositories && step->copy->repositories[0])
		return err_set(err, EOPNOTSUPP, "ADD of %s: known, but not supported yet: a git repository as a source",
			       step->copy->repositories[0]);
	request.fetched = arena_array(&work->arena, char *, work->fetched.files.count + 1);
	for (size_t i = 0; i < work->fetched.files.count; i++)
		request.fetched[i] = work->fetched.files.items[i].name;
	if (step->copy && text_equal(step->copy->from.kind, "context")) {
		rc = build_context_take(build, &work->arena, step->copy->from.number, &request, &from, err);
	} else if (step->copy) {
		rc = build_lower(build, &work->arena, build_root_layers(build, &step->copy->from), &request.from, err);
	}
	return rc < 0 ? rc : build_job_begin(work, &request, from, err);
}

/* --- the beginning --- */

static struct build_work *work_new(struct build_stage_run *stage, struct engine_build *build)
{
	struct build_work *work = x_alloc(sizeof *work);
	work->build = build;
	work->stage = stage;
	work->step = &stage->stage->steps.items[stage->next];
	work->id = stage->first_id + (int64_t)stage->next;
	work->output_fd = work->fetched_fd = -1;
	stage->work = work;
	return work;
}

static void step_over(struct build_work *work, const char *state)
{
	struct build_stage_run *stage = work->stage;
	step_tell(work, "started", 0);
	step_tell(work, state, 0);
	stage_append(stage, work->build, &work->result);
	build_work_free(work);
}

static void base_take(struct build_stage_run *stage, struct engine_build *build)
{
	const struct build_root *from = &stage->stage->from;
	char **layers = build_root_layers(build, from);
	stage->layers = layers;
	stage->layer_count = strv_count(layers);
	if (text_equal(from->kind, "stage"))
		stage->epoch = build->stages[from->number].epoch;
	else if (text_equal(from->kind, "base"))
		stage->epoch = build->plan.bases.items[from->number].created;
	if (build->request.build.epoch)
		stage->epoch = *build->request.build.epoch;
}

bool build_step_begin(struct build_stage_run *stage, struct engine_build *build)
{
	const struct build_step *step = &stage->stage->steps.items[stage->next];
	struct err err;
	bool first = text_equal(step->kind, "from");
	if (first ? !root_ready(build, &stage->stage->from) : !roots_ready(build, step))
		return false;
	bool plain = first || text_equal(step->kind, "config");
	size_t limit = build->serial ? 1 : BUILD_PARALLEL;
	if (!plain && build->working >= limit)
		return false;
	struct build_work *work = work_new(stage, build);
	build->classic++;
	if (first)
		base_take(stage, build);
	if (plain) {
		step_over(work, "done");
		return true;
	}
	/* What is elsewhere is looked at first, unless a checksum says what it is. */
	bool look = build_is_remote(step) && text_empty(step->copy->checksum);
	key_make(stage, build, step, work->key);
	if (!look && !step->no_cache && build_cache_find(build->engine, work->key, &work->result)) {
		step_over(work, "cached");
		return true;
	}
	work->counted = true;
	build->working++;
	step_tell(work, "started", 0);
	if (text_equal(step->kind, "run")) {
		build_command_begin(work);
		return false;
	}
	int rc = build_is_remote(step) ? build_fetch_begin(work, &err) : files_begin(work, &err);
	if (rc < 0)
		build_work_failed(work, &err, 0);
	return false;
}

void build_work_fetched(struct build_work *work)
{
	struct engine_build *build = work->build;
	struct err err;
	if (text_empty(work->step->copy->checksum)) {
		key_make(work->stage, build, work->step, work->key);
		if (!work->step->no_cache && build_cache_find(build->engine, work->key, &work->result)) {
			step_tell(work, "cached", 0);
			stage_append(work->stage, build, &work->result);
			build_work_free(work);
			build_advance_later(build);
			return;
		}
	}
	if (files_begin(work, &err) < 0)
		build_work_failed(work, &err, 0);
}
