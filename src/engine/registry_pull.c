/* Pulls: one job for all who want the same image. */
#include "base/text.h"
#include "docker/platform.h"
#include "engine/registry_job.h"
#include "image/job.h"

#include <stdlib.h>

/* The last line of each layer, for those who come later. */
struct pull_line {
	struct pull_line *next;
	char *id, *status;
	int64_t current, total;
};

struct pull_work {
	struct engine *engine;
	struct engine_job_sink sink; /* of the job */
	struct engine_job *job;
	char *key;
	char *full, *familiar;
	bool all;
	struct pull_line *lines; /* in their order */
	struct engine_pull_client *clients;
	struct pull_work *next;
	char digest[DIGEST_TEXT];
	bool newer;
};

struct engine_pull_client {
	struct pull_work *work;
	struct engine_job_sink *sink;
	struct engine_pull_client *next;
};

static void work_free(struct pull_work *work)
{
	for (struct pull_work **link = &work->engine->pulls; *link; link = &(*link)->next) {
		if (*link == work) {
			*link = work->next;
			break;
		}
	}
	while (work->lines) {
		struct pull_line *line = work->lines;
		work->lines = line->next;
		free(line->id);
		free(line->status);
		free(line);
	}
	free(work->key);
	free(work->full);
	free(work->familiar);
	free(work);
}

/* --- lines --- */

static void line_keep(struct pull_work *work, const struct progress *progress)
{
	struct pull_line **link = &work->lines, *line;
	if (!progress->status)
		return;
	while (*link && !(progress->id && (*link)->id && text_equal((*link)->id, progress->id)))
		link = &(*link)->next;
	line = *link;
	if (!line) {
		line = *link = x_alloc(sizeof *line);
		line->id = progress->id ? x_strdup(progress->id) : NULL;
	}
	free(line->status);
	line->status = x_strdup(progress->status);
	line->current = progress->detail ? progress->detail->current : 0;
	line->total = progress->detail ? progress->detail->total : 0;
}

static void line_tell(const struct pull_work *work, const struct progress *line)
{
	for (struct engine_pull_client *client = work->clients; client; client = client->next)
		client->sink->progress(client->sink, line);
}

static void work_progress(struct engine_job_sink *sink, const struct progress *line)
{
	struct pull_work *work = container_of(sink, struct pull_work, sink);
	line_keep(work, line);
	line_tell(work, line);
}

static void client_catch_up(const struct pull_work *work, struct engine_pull_client *client)
{
	for (const struct pull_line *line = work->lines; line; line = line->next) {
		struct progress_detail detail = {line->current, line->total};
		client->sink->progress(client->sink,
				       &(struct progress){.status = line->status, .id = line->id, .detail = &detail});
	}
}

/* --- the end --- */

static void work_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct pull_work *work = container_of(sink, struct pull_work, sink);
	work->job = NULL;
	if (!err && *work->digest && !work->all) {
		auto_free char *digest = x_printf("Digest: %s", work->digest);
		line_tell(work, &(struct progress){.status = digest});
	}
	if (!err) {
		auto_free char *status =
		    x_printf("Status: %s %s", work->newer ? "Downloaded newer image for" : "Image is up to date for",
			     work->familiar);
		line_tell(work, &(struct progress){.status = status});
	}
	struct engine_pull_client *clients = work->clients;
	work_free(work);
	while (clients) {
		struct engine_pull_client *client = clients;
		struct engine_job_sink *theirs = client->sink;
		clients = client->next;
		free(client);
		theirs->ended(theirs, err);
	}
}

/* Whether all of it was here before. */
static bool is_newer(struct engine *engine, const struct image_job_result *result)
{
	for (size_t i = 0; i < result->images.count; i++) {
		const struct image_job_image *image = &result->images.items[i];
		auto_arena arena = {0};
		struct image here;
		struct err ignored;
		const char *name = image->names && image->names[0] ? image->names[0] : image->id;
		if (image_find(engine->images, &arena, name, &here, &ignored) < 0 ||
		    !text_equal(here.id.text, image->id))
			return true;
	}
	return false;
}

static int pull_finish(struct engine_job *job, struct err *err)
{
	struct pull_work *work = job->context;
	struct engine *engine = job->engine;
	if (!job->result)
		return err_set(err, EPROTO, "the job made nothing");
	bool newer = is_newer(engine, job->result);
	int rc = image_store_put(engine->images, job->staging_fd, job->result, err);
	if (rc < 0)
		return rc;
	work->newer = newer;
	for (size_t i = 0; i < job->result->references.count; i++)
		snprintf(work->digest, sizeof work->digest, "%s", job->result->references.items[i].digest);
	for (size_t i = 0; i < job->result->images.count; i++) {
		const struct image_job_image *image = &job->result->images.items[i];
		const char *named = image->names && image->names[0] ? image->names[0] : work->full;
		struct reference reference;
		struct err ignored;
		char name[REFERENCE_TEXT_MAX], text[REFERENCE_TEXT_MAX];
		if (reference_parse(named, &reference, &ignored) < 0)
			continue;
		reference_familiar(&reference, text);
		reference_familiar_name(&reference, name);
		struct json_pair pair = {(char *)"name", name};
		event_publish(&engine->bus, "image", "pull", text, &(struct json_map){&pair, 1}, NULL);
	}
	return 0;
}

/* --- the beginning --- */

static int reference_read(const struct engine_pull *pull, struct reference *out_reference, bool *out_all,
			  struct err *err)
{
	struct reference reference;
	int rc = reference_parse(pull->name, &reference, err);
	if (rc < 0)
		return rc;
	if (!text_empty(pull->tag) && text_after(pull->tag, "sha256:")) {
		*reference.tag = 0;
		struct digest digest;
		rc = digest_parse(pull->tag, &digest, err);
		if (rc == 0)
			snprintf(reference.digest, sizeof reference.digest, "%s", digest.text);
	} else if (!text_empty(pull->tag)) {
		rc = reference_check_tag(pull->tag, err);
		if (rc == 0)
			snprintf(reference.tag, sizeof reference.tag, "%s", pull->tag);
	}
	if (rc == 0 && *reference.digest && !text_after(reference.digest, "sha256:"))
		rc = err_set(err, EOPNOTSUPP, "%s: only sha256 digests are supported", reference.digest);
	*out_all = !*reference.tag && !*reference.digest;
	if (rc == 0)
		*out_reference = reference;
	return rc;
}

static char *key_make(const struct reference *reference, const struct engine_pull *pull)
{
	auto_buf text = BUF_INIT(1 << 20);
	char full[REFERENCE_TEXT_MAX];
	struct digest digest;
	reference_full(reference, full);
	buf_printf(&text, "%s\n%s\n", full, pull->platform ? pull->platform : "");
	if (pull->auth)
		json_encode(&text, &table_auth_config, pull->auth);
	digest_of(buf_str(&text), text.len, &digest);
	return x_strdup(digest.text);
}

static int work_start(struct engine *engine, const struct engine_pull *pull, const struct reference *reference,
		      bool all, struct pull_work **out_work, struct err *err)
{
	auto_arena arena = {0};
	struct registry_request request;
	char full[REFERENCE_TEXT_MAX], familiar[REFERENCE_TEXT_MAX];
	reference_full(reference, full);
	reference_familiar(reference, familiar);
	registry_request_init(engine, &arena, pull->auth, &request);
	request.reference = full;
	request.platform = (char *)(uintptr_t)(pull->platform ? pull->platform : "");
	request.all = all;
	struct pull_work *work = x_alloc(sizeof *work);
	*work = (struct pull_work){.engine = engine,
				   .sink = {.progress = work_progress, .ended = work_ended},
				   .key = key_make(reference, pull),
				   .full = x_strdup(full),
				   .familiar = x_strdup(familiar),
				   .all = all,
				   .next = engine->pulls};
	engine->pulls = work;
	int rc = registry_job_begin(engine, "pull", &request, pull_finish, &work->sink, &work->job, err);
	if (rc < 0) {
		work_free(work);
		return rc;
	}
	work->job->context = work;
	*out_work = work;
	return 0;
}

int engine_pull(struct engine *engine, const struct engine_pull *pull, struct engine_job_sink *sink,
		struct engine_pull_client **out_client, struct err *err)
{
	struct reference reference;
	struct oci_platform platform;
	auto_arena arena = {0};
	bool all = false;
	int rc = reference_read(pull, &reference, &all, err);
	if (rc == 0 && !text_empty(pull->platform))
		rc = platform_parse(&arena, pull->platform, &platform, err);
	if (rc < 0)
		return rc;
	auto_free char *key = key_make(&reference, pull);
	struct pull_work *work = engine->pulls;
	while (work && (!work->job || !text_equal(work->key, key)))
		work = work->next;
	bool joins = work != NULL;
	if (!joins)
		rc = work_start(engine, pull, &reference, all, &work, err);
	if (rc < 0)
		return rc;
	struct engine_pull_client *client = x_alloc(sizeof *client);
	*client = (struct engine_pull_client){work, sink, work->clients};
	work->clients = client;
	*out_client = client;
	if (joins)
		client_catch_up(work, client);
	return 0;
}

void engine_pull_cancel(struct engine_pull_client *client)
{
	struct pull_work *work = client->work;
	for (struct engine_pull_client **link = &work->clients; *link; link = &(*link)->next) {
		if (*link == client) {
			*link = client->next;
			break;
		}
	}
	free(client);
	if (work->clients || !work->job)
		return;
	work->job->finish = NULL; /* it may have ended well just now: nobody wants it any more */
	engine_job_cancel(work->job);
	work_free(work);
}

void pulls_forget(struct engine *engine)
{
	while (engine->pulls) {
		struct pull_work *work = engine->pulls;
		while (work->clients) {
			struct engine_pull_client *client = work->clients;
			work->clients = client->next;
			free(client);
		}
		work_free(work);
	}
}

int engine_platform_check(struct engine *engine, const char *name, const char *platform, struct err *err)
{
	auto_arena arena = {0};
	struct oci_platform wanted;
	struct image image;
	struct oci_image config = {0};
	struct err ignored;
	if (text_empty(platform))
		return 0;
	int rc = platform_parse(&arena, platform, &wanted, err);
	if (rc < 0 || image_find(engine->images, &arena, name, &image, &ignored) < 0)
		return rc; /* whoever needs it says that it is missing */
	rc = image_config(engine->images, &arena, &image.id, &config, err);
	if (rc < 0 || platform_fits(&wanted, config.os, config.architecture, config.variant))
		return rc;
	return err_set(
	    err, ENOENT,
	    "image with reference %.400s was found but its platform (%s) does not match the specified platform "
	    "(%s)",
	    name, platform_text(&arena, config.os, config.architecture, config.variant),
	    platform_text(&arena, wanted.os, wanted.architecture, wanted.variant));
}
