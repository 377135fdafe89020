/* The images that a build starts from: those that are here, and those that are pulled for it. */
#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/reference.h"
#include "engine/build_state.h"
#include "engine/registry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPLY_PIPE = 1 << 20 };

struct build_pull {
	struct engine_build *build;
	struct engine_job_sink sink;
	struct engine_pull_client *client;
	struct arena arena;
	char *reference;
	int64_t id; /* of its step in the events */
};

/* --- the reply --- */

static int reply_send(struct engine_build *build, const struct build_base_reply *reply, struct err *err)
{
	auto_buf text = BUF_INIT(REPLY_PIPE);
	json_encode(&text, &table_build_base_reply, reply);
	buf_char(&text, '\n');
	int rc = buf_check(&text, "an image's configuration", err);
	if (rc < 0)
		return rc;
	/* The pipe is empty, the job waits, and all of it has room. */
	ssize_t size = write(build->reply_fd, text.data, text.len);
	return size == (ssize_t)text.len ? 0 : err_set(err, EPIPE, "the job does not listen");
}

static void failure_send(struct engine_build *build, const struct err *cause)
{
	struct err err;
	const struct build_base_reply reply = {.error = (char *)cause->msg, .code = cause->code};
	if (reply_send(build, &reply, &err) < 0)
		build_fail(build, &err);
}

static int base_find(struct engine_build *build, struct arena *arena, const char *reference,
		     struct build_base_reply *reply, struct err *err)
{
	struct image image;
	int64_t created = 0;
	int rc = image_find(build->engine->images, arena, reference, &image, err);
	if (rc == 0)
		rc = image_config(build->engine->images, arena, &image.id, &reply->image, err);
	if (rc < 0)
		return rc;
	if (reply->image.created && time_parse_rfc3339(reply->image.created, &created) < 0)
		created = 0;
	reply->base = (struct build_base){.reference = (char *)reference,
					  .id = arena_strdup(arena, image.id.text),
					  .layers = image.layers,
					  .created = created > 0 ? created / 1000000000 : 0};
	return 0;
}

static int found_send(struct engine_build *build, const char *reference, struct err *err)
{
	auto_arena arena = {0};
	struct build_base_reply reply = {0};
	int rc = base_find(build, &arena, reference, &reply, err);
	return rc < 0 ? rc : reply_send(build, &reply, err);
}

/* --- pulls --- */

void build_pull_free(struct build_pull *pull)
{
	if (!pull)
		return;
	if (pull->client)
		engine_pull_cancel(pull->client);
	pull->build->pull_now = NULL;
	arena_done(&pull->arena);
	free(pull);
}

static void pull_tell(struct build_pull *pull, const char *state)
{
	char *label = arena_printf(&pull->arena, "[internal] pull %s", pull->reference);
	build_tell(
	    pull->build,
	    &(struct build_event){
		.kind = (char *)"step", .step = pull->id, .label = label, .state = (char *)state, .internal = true});
}

static void pull_ended(struct engine_job_sink *sink, const struct err *err)
{
	struct build_pull *pull = container_of(sink, struct build_pull, sink);
	struct engine_build *build = pull->build;
	struct err failed;
	pull->client = NULL;
	pull_tell(pull, err ? "failed" : "done");
	if (err)
		failure_send(build, err);
	else if (found_send(build, pull->reference, &failed) < 0)
		failure_send(build, &failed);
	build_pull_free(pull);
}

static void pull_progress(struct engine_job_sink *sink, const struct progress *line)
{
	struct build_pull *pull = container_of(sink, struct build_pull, sink);
	if (line->detail || text_empty(line->status))
		return; /* bars */
	auto_free char *text =
	    text_empty(line->id) ? x_printf("%s\n", line->status) : x_printf("%s: %s\n", line->id, line->status);
	build_tell(pull->build,
		   &(struct build_event){
		       .kind = (char *)"output", .step = pull->id, .text = text, .stream = 1, .internal = true});
}

/* The credentials that came with the request, for the registry of this image. */
static int auth_find(struct build_pull *pull, const struct reference *reference, struct auth_config *out_auth,
		     struct err *err)
{
	const char *text = pull->build->auths;
	const struct json *all;
	*out_auth = (struct auth_config){0};
	if (text_empty(text))
		return 0;
	int rc = json_parse(&pull->arena, text, strlen(text), "X-Registry-Config", &all, err);
	if (rc < 0 || all->kind != JSON_OBJECT)
		return rc;
	for (size_t i = 0; i < all->count; i++) {
		if (text_equal(auth_host(&pull->arena, all->keys[i]), reference->domain))
			return json_decode(&pull->arena, &table_auth_config, all->items[i], JSON_FOLD_CASE, out_auth,
					   err);
	}
	return 0;
}

static int pull_begin(struct engine_build *build, const char *text, const char *platform, struct err *err)
{
	struct reference reference;
	char name[REFERENCE_TEXT_MAX];
	struct auth_config auth;
	int rc = reference_parse(text, &reference, err);
	if (rc < 0)
		return rc;
	reference_set_default_tag(&reference);
	reference_full(&reference, name);
	struct build_pull *pull = x_alloc(sizeof *pull);
	pull->build = build;
	pull->sink = (struct engine_job_sink){.ended = pull_ended, .progress = pull_progress};
	pull->reference = arena_strdup(&pull->arena, text);
	pull->id = -++build->pulls;
	build->pull_now = pull;
	rc = auth_find(pull, &reference, &auth, err);
	if (rc < 0) {
		build_pull_free(pull);
		return rc;
	}
	pull_tell(pull, "started");
	const struct engine_pull request = {.name = name, .platform = platform, .auth = &auth};
	rc = engine_pull(build->engine, &request, &pull->sink, &pull->client, err);
	if (rc < 0)
		build_pull_free(pull);
	return rc;
}

void build_base_answer(struct engine_build *build, const struct build_base_question *question)
{
	struct err err;
	int rc = build->pull ? -ENOENT : found_send(build, question->reference, &err);
	if (rc == -ENOENT) {
		const char *platform =
		    text_empty(question->platform) ? build->request.build.platform : question->platform;
		rc = pull_begin(build, question->reference, platform, &err);
	}
	if (rc < 0)
		failure_send(build, &err);
}
