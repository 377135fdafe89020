/* Pushes: what the store has of the images, written down for the job. */
#include "base/text.h"
#include "docker/platform.h"
#include "docker/reference.h"
#include "engine/registry_job.h"
#include "image/store_blobs.h"

enum { TAGS_MAX = 4096 };

struct push_work {
	struct engine *engine;
	struct arena arena;
	struct registry_request request;
	struct reference reference;
};

static int manifests_add(struct push_work *work, const struct image *image, struct push_image *push, struct err *err)
{
	struct image_manifest_list list = {0};
	int rc = image_manifests(work->engine->images, &work->arena, &image->id, &list, err);
	push->manifests.items = arena_array(&work->arena, struct push_manifest, list.count + 1);
	for (size_t i = 0; i < list.count; i++)
		push->manifests.items[push->manifests.count++] =
		    (struct push_manifest){list.items[i].digest, list.items[i].media_type};
	return rc;
}

static int layers_add(struct push_work *work, const struct image *image, struct push_image *push, struct err *err)
{
	struct image_layer_blob_list list = {0};
	int rc = image_layer_blobs(work->engine->images, &work->arena, &image->id, &list, err);
	push->layers.items = arena_array(&work->arena, struct push_layer, list.count + 1);
	for (size_t i = 0; i < list.count; i++) {
		const struct image_layer_blob *blob = &list.items[i];
		push->layers.items[push->layers.count++] =
		    (struct push_layer){blob->diff_id, blob->digest, blob->media_type, blob->size, blob->repositories};
	}
	return rc;
}

static int image_add(struct push_work *work, const struct image *image, const char *tag, struct err *err)
{
	struct push_image *push = &work->request.images.items[work->request.images.count++];
	*push =
	    (struct push_image){arena_strdup(&work->arena, tag), arena_strdup(&work->arena, image->id.text), {0}, {0}};
	int rc = manifests_add(work, image, push, err);
	return rc < 0 ? rc : layers_add(work, image, push, err);
}

static int no_tags(const struct push_work *work, const char *tag, struct err *err)
{
	char name[REFERENCE_TEXT_MAX];
	struct reference reference = work->reference;
	if (*tag)
		return err_set(err, ENOENT, "tag does not exist: %s", tag);
	*reference.tag = 0;
	reference_familiar_name(&reference, name);
	return err_set(err, ENOENT, "An image does not exist locally with the tag: %s", name);
}

static int platform_check(struct push_work *work, const struct image *image, const char *platform, struct err *err)
{
	struct oci_platform wanted;
	struct oci_image config = {0};
	if (text_empty(platform))
		return 0;
	int rc = platform_parse(&work->arena, platform, &wanted, err);
	if (rc == 0)
		rc = image_config(work->engine->images, &work->arena, &image->id, &config, err);
	if (rc < 0 || platform_fits(&wanted, config.os, config.architecture, config.variant))
		return rc;
	return err_set(err, ENOENT,
		       "image with reference %s was found but does not provide the specified platform (%s)",
		       image->tags[0] ? image->tags[0] : image->id.text, platform);
}

static int tag_add(struct push_work *work, const char *tag, const char *platform, struct err *err)
{
	struct reference reference = work->reference;
	struct image image;
	char full[REFERENCE_TEXT_MAX];
	struct err missing;
	snprintf(reference.tag, sizeof reference.tag, "%s", tag);
	reference_full(&reference, full);
	if (image_find(work->engine->images, &work->arena, full, &image, &missing) < 0) {
		char familiar[REFERENCE_TEXT_MAX];
		reference_familiar(&reference, familiar);
		return missing.code == ENOENT ? err_set(err, ENOENT, "tag does not exist: %s", familiar)
					      : err_set(err, missing.code, "%s", missing.msg);
	}
	int rc = platform_check(work, &image, platform, err);
	return rc < 0 ? rc : image_add(work, &image, tag, err);
}

static int all_add(struct push_work *work, const char *platform, struct err *err)
{
	struct image_list list = {0};
	auto_free char *front = x_printf("%s/%s:", work->reference.domain, work->reference.path);
	int rc = image_list(work->engine->images, &work->arena, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		for (char **name = list.items[i].tags; rc == 0 && *name; name++) {
			const char *tag = text_after(*name, front);
			if (tag && work->request.images.count < TAGS_MAX)
				rc = tag_add(work, tag, platform, err);
		}
	}
	return rc == 0 && work->request.images.count == 0 ? no_tags(work, "", err) : rc;
}

static int push_finish(struct engine_job *job, struct err *err)
{
	struct reference reference;
	struct err ignored;
	char name[REFERENCE_TEXT_MAX];
	if (!job->result)
		return err_set(err, EPROTO, "the job pushed nothing");
	int rc = image_store_put(job->engine->images, job->staging_fd, job->result, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < job->result->references.count; i++) {
		if (reference_parse(job->result->references.items[i].repository, &reference, &ignored) < 0)
			continue;
		reference_familiar_name(&reference, name);
		struct json_pair pair = {(char *)"name", name};
		event_publish(&job->engine->bus, "image", "push", name, &(struct json_map){&pair, 1}, NULL);
	}
	return 0;
}

int engine_push(struct engine *engine, const struct engine_push *push, struct engine_job_sink *sink,
		struct engine_job **out_job, struct err *err)
{
	struct push_work work = {.engine = engine};
	char full[REFERENCE_TEXT_MAX];
	const char *tag = push->tag;
	int rc = reference_parse(push->name, &work.reference, err);
	if (rc == 0 && !text_empty(tag))
		rc = reference_check_tag(tag, err);
	if (rc < 0)
		return rc;
	if (*work.reference.digest)
		return err_set(err, EINVAL, "cannot push a digest reference");
	if (text_empty(tag) && *work.reference.tag)
		tag = arena_strdup(&work.arena, work.reference.tag);
	*work.reference.tag = 0;
	registry_request_init(engine, &work.arena, push->auth, &work.request);
	reference_full(&work.reference, full);
	work.request.reference = full;
	work.request.images.items = arena_array(&work.arena, struct push_image, TAGS_MAX);
	rc = text_empty(tag) ? all_add(&work, push->platform, err) : tag_add(&work, tag, push->platform, err);
	if (rc == 0)
		rc = registry_job_begin(engine, "push", &work.request, push_finish, sink, out_job, err);
	arena_done(&work.arena);
	return rc;
}
