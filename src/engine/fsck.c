#include "engine/fsck.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "image/job.h"
#include "image/store_check.h"

#include <fcntl.h>
#include <string.h>

enum { SPEC_MAX = 64 << 20 };

static struct fsck_problem *problem_add(struct engine_fsck *fsck, const char *kind, const char *object,
					const char *problem)
{
	struct fsck_report *report = &fsck->report;
	struct fsck_problem *items = arena_array(fsck->arena, struct fsck_problem, report->problems.count + 1);
	if (report->problems.count > 0)
		memcpy(items, report->problems.items, report->problems.count * sizeof *items);
	report->problems.items = items;
	struct fsck_problem *added = &items[report->problems.count++];
	*added = (struct fsck_problem){
	    .kind = arena_strdup(fsck->arena, kind),
	    .object = arena_strdup(fsck->arena, object ? object : ""),
	    .problem = arena_strdup(fsck->arena, problem ? problem : ""),
	    .images = (char *)"",
	    .repair = (char *)"",
	};
	return added;
}

static void record_tell(void *cookie, const char *object, const char *problem)
{
	problem_add(cookie, "record", object, problem);
}

/* Whether a container that runs has the layer mounted. */
static bool layer_mounted(struct engine *engine, const char *diff_id)
{
	for (const struct container *at = engine->containers; at; at = at->next) {
		auto_arena arena = {0};
		struct digest id;
		struct image image;
		struct err ignored;
		if (!state_is_running(at->state) && at->state != STATE_STARTING)
			continue;
		if (digest_parse(at->document.image_id, &id, &ignored) < 0 ||
		    image_find_id(engine->images, &arena, &id, &image, &ignored) < 0)
			return true; /* better not */
		for (char **layer = image.layers; layer && *layer; layer++)
			if (text_equal(*layer, diff_id))
				return true;
	}
	return false;
}

static void layer_mend(struct engine_job *job, struct fsck_problem *problem)
{
	struct err err;
	problem->repair = (char *)"remove its images and pull, load or build them again";
	for (size_t i = 0; job->result && i < job->result->layers.count; i++) {
		const struct image_job_layer *layer = &job->result->layers.items[i];
		if (!text_equal(layer->diff_id, problem->object))
			continue;
		if (layer_mounted(job->engine, layer->diff_id)) {
			problem->repair = (char *)"stop the containers that run on it and check again";
		} else if (image_check_replace(job->engine->images, job->staging_fd, layer, &err) < 0) {
			log_error(LOG_LEVEL_WARN, &err, "cannot repair a layer", "layer", layer->diff_id, NULL);
		} else {
			problem->repair = (char *)"unpacked again from the blob that it came in";
			problem->repaired = true;
		}
	}
}

static void blob_mend(struct engine_job *job, const struct engine_fsck *fsck, struct fsck_problem *problem)
{
	struct err err;
	problem->repair = (char *)"remove its images and pull, load or build them again";
	int rc = fsck->repair ? image_check_forget(job->engine->images, problem->object, &err) : 0;
	if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot repair a blob", "blob", problem->object, NULL);
	if (rc > 0) {
		problem->repair = (char *)"forgotten: it is made again from its layer when it is needed";
		problem->repaired = true;
	}
}

static int fsck_finish(struct engine_job *job, struct err *err)
{
	struct engine_fsck *fsck = job->context;
	struct fsck_answer answer = {0};
	if (!job->answer)
		return err_set(err, EPROTO, "the job told nothing");
	int rc = json_decode(&job->arena, &table_fsck_answer, job->answer, 0, &answer, err);
	if (rc < 0 || !job->sink)
		return rc;
	fsck->report.bytes = (int64_t)answer.bytes;
	for (size_t i = 0; i < answer.damage.count; i++) {
		const struct fsck_damage *damage = &answer.damage.items[i];
		struct fsck_problem *problem = problem_add(fsck, damage->kind, damage->object, damage->problem);
		problem->images = image_check_users(job->engine->images, fsck->arena, damage->object);
		if (text_equal(damage->kind, "layer"))
			layer_mend(job, problem);
		else
			blob_mend(job, fsck, problem);
	}
	return 0;
}

static int spec_make(struct engine *engine, struct engine_fsck *fsck, int *out_fd, struct err *err)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(SPEC_MAX);
	struct image_list images;
	struct fsck_spec spec;
	int rc = image_check_list(engine->images, &arena, &spec, err);
	if (rc == 0)
		rc = image_list(engine->images, &arena, &images, err);
	if (rc < 0)
		return rc;
	spec.repair = fsck->repair;
	fsck->report.layers = (int64_t)spec.layers.count;
	fsck->report.blobs = (int64_t)strv_count(spec.blobs);
	fsck->report.images = (int64_t)images.count;
	json_encode(&text, &table_fsck_spec, &spec);
	rc = buf_check(&text, "the list of what is to be checked", err);
	return rc < 0 ? rc : fd_sealed("tug-fsck", text.data, text.len, out_fd, err);
}

int engine_fsck(struct engine *engine, struct engine_fsck *fsck, struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"fsck", NULL};
	auto_fd int spec = -1;
	auto_fd int layers = openat(engine->data, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int blobs = openat(engine->data, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layers < 0 || blobs < 0)
		return err_sys(err, "open the store");
	int rc = image_check_record(engine->images, record_tell, fsck, err);
	if (rc == 0)
		rc = spec_make(engine, fsck, &spec, err);
	if (rc < 0)
		return rc;
	const int fds[] = {layers, blobs, spec};
	const struct job_request request = {
	    .argv = argv, .fds = fds, .fd_count = array_size(fds), .staging = true, .finish = fsck_finish};
	rc = job_begin(engine, &request, &fsck->sink, out_job, err);
	if (rc == 0)
		(*out_job)->context = fsck;
	return rc;
}
