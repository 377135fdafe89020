/* ADD from elsewhere: what is there now decides whether the step is in the cache. */
#include "base/fd.h"
#include "base/text.h"
#include "engine/build_state.h"

#include <fcntl.h>
#include <unistd.h>

bool build_is_remote(const struct build_step *step)
{
	return step->copy && step->copy->urls && step->copy->urls[0];
}

static int fetch_finish(struct engine_job *job, struct err *err)
{
	struct build_work *work = job->context;
	if (!job->sink)
		return 0; /* it was given up */
	if (!job->answer)
		return err_set(err, EPROTO, "the job fetched nothing");
	int rc = json_decode(&work->arena, &table_build_fetch_answer, job->answer, 0, &work->fetched, err);
	if (rc < 0)
		return rc;
	work->fetched_fd = openat(job->staging_fd, "fetched", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (work->fetched_fd < 0)
		return err_sys(err, "open what was fetched");
	build_dir_keep(work, job->staging);
	job->staging[0] = 0; /* lives as long as the step */
	/* The answer's texts live in the job's arena: they move along. */
	for (size_t i = 0; i < work->fetched.files.count; i++) {
		struct build_fetched *file = &work->fetched.files.items[i];
		file->name = arena_strdup(&work->arena, file->name);
		file->digest = arena_strdup(&work->arena, file->digest);
	}
	return 0;
}

static void fetch_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct build_work *work = container_of(sink, struct build_work, sink);
	work->job = NULL;
	if (err)
		build_work_failed(work, err, 0);
	else
		build_work_fetched(work);
}

int build_fetch_begin(struct build_work *work, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"build-fetch", NULL};
	const struct build_fetch_request request = {.urls = work->step->copy->urls,
						    .checksum = work->step->copy->checksum};
	auto_buf text = BUF_INIT(1 << 20);
	auto_fd int sealed = -1;
	json_encode(&text, &table_build_fetch_request, &request);
	int rc = buf_check(&text, "the request of a fetch", err);
	if (rc == 0)
		rc = fd_sealed("tug-build-fetch", text.data, text.len, &sealed, err);
	if (rc < 0)
		return rc;
	const struct job_request job = {
	    .argv = argv, .fds = &sealed, .fd_count = 1, .staging = true, .finish = fetch_finish};
	work->sink = (struct engine_job_sink){.ended = fetch_ended};
	rc = job_begin(work->build->engine, &job, &work->sink, &work->job, err);
	if (rc == 0)
		work->job->context = work;
	return rc;
}
