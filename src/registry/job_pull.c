/* tugd job pull: an image, or all tags of a repository, from a registry into downloads/ and staging/. */
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/platform.h"
#include "image/report.h"
#include "registry/challenge.h"
#include "registry/download.h"
#include "registry/session.h"
#include "registry/unpacker.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A worker waits for bytes and for the disk, too: there are more than processors. */
enum { TAGS_MAX = 10000, IMAGES_MAX = 10000, WORKERS_PER_PROCESSOR = 2 };
#define SHOW_NS 100000000LL
#define SHORT_DIGEST 12

enum layer_state { LAYER_QUEUED, LAYER_DOWNLOADING, LAYER_EXTRACTING, LAYER_COMPLETE };

struct pull_layer {
	const struct oci_descriptor *descriptor;
	struct digest digest, diff_id;
	char id[SHORT_DIGEST + 1];
	enum layer_state state;
	bool there; /* unpacked in the store already */
	struct download download;
	struct unpack_task task;
	bool tasked;
	unsigned restarts;
	int64_t shown_ns;
	uint64_t shown;
};

struct pull {
	struct registry_session session;
	struct unpacker *unpacker;
	struct image_job_result result;
	size_t rooms[6];
	unsigned names; /* of files in staging */
	/* the image at hand */
	struct pull_layer *layers;
	size_t layer_count;
	const struct endpoint *endpoint;
	const char *scope;
};

/* --- the result, list by list --- */

static void *list_add(struct pull *pull, void **items, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		size_t more = *room ? *room * 2 : 16;
		void *grown = arena_alloc_array(&pull->session.arena, more, size);
		if (*count)
			memcpy(grown, *items, *count * size);
		*items = grown;
		*room = more;
	}
	return (char *)*items + (*count)++ * size;
}
#define LIST_ADD(pull, list, room)                                                                             \
	((__typeof__((list).items))list_add(pull, (void **)&(list).items, &(list).count, &(pull)->rooms[room], \
					    sizeof *(list).items))

static char *keep(struct pull *pull, const char *text)
{
	return arena_strdup(&pull->session.arena, text);
}

static int document_stage(struct pull *pull, const void *data, size_t size, struct err *err)
{
	struct digest digest;
	char name[32];
	snprintf(name, sizeof name, "d%u", pull->names++);
	int rc = content_stage(REGISTRY_STAGING, name, data, size, &digest, err);
	if (rc < 0)
		return rc;
	*LIST_ADD(pull, pull->result.blobs, 0) = (struct image_job_blob){keep(pull, digest.text), keep(pull, name)};
	return 0;
}

/* --- one layer --- */

static void layer_show(struct pull_layer *layer, const char *status, uint64_t current, uint64_t total, bool always)
{
	int64_t now = time_monotonic_ns();
	if (!always && (now - layer->shown_ns < SHOW_NS || current == layer->shown))
		return;
	layer->shown_ns = now;
	layer->shown = current;
	report_progress(layer->id, status, current, total);
}

static void layer_begin(struct pull *pull, struct pull_layer *layer)
{
	layer->download = (struct download){.registry = &pull->session.registry,
					    .endpoint = pull->endpoint,
					    .dir = REGISTRY_DOWNLOADS,
					    .digest = layer->digest,
					    .size = layer->descriptor->size,
					    .name = pull->session.reference.path,
					    .scope = pull->scope};
	layer->state = LAYER_DOWNLOADING;
	download_start(&layer->download);
}

static void layer_task(struct pull *pull, struct pull_layer *layer)
{
	struct unpack_task *task = &layer->task;
	*task = (struct unpack_task){.fd = layer->download.fd, .size = layer->descriptor->size};
	snprintf(task->name, sizeof task->name, "l%u", pull->names++);
	unpacker_add(pull->unpacker, task);
	layer->tasked = true;
	layer->restarts = layer->download.restarts;
}

/* What is wrong with the layer itself stays wrong: it is not kept for a next time. */
static int layer_fail(struct pull_layer *layer, const struct err *why, struct err *err)
{
	*err = *why;
	bool worthless = why->code == EBADMSG || why->code == ENOSPC || why->code == EFBIG || why->code == EINVAL;
	if (worthless)
		download_discard(&layer->download);
	return err->code == ENOSPC ? err_set(err, ENOSPC, "failed to register layer: %s", why->msg) : -err->code;
}

static int layer_unpacked(struct pull *pull, struct pull_layer *layer, struct err *err)
{
	const struct unpack_result *result = &layer->task.result;
	struct err why;
	if (layer->task.rc < 0) {
		err_set(&why, layer->task.err.code, "failed to register layer: %.900s", layer->task.err.msg);
		return layer_fail(layer, &why, err);
	}
	if (!text_equal(result->diff_id.text, layer->diff_id.text)) {
		err_set(&why, EBADMSG,
			"filesystem layer verification failed: layer %s unpacks to %s, the configuration says %s",
			layer->digest.text, result->diff_id.text, layer->diff_id.text);
		return layer_fail(layer, &why, err);
	}
	*LIST_ADD(pull, pull->result.layers, 1) = (struct image_job_layer){
	    keep(pull, layer->diff_id.text), keep(pull, layer->task.name), result->size, result->opaque};
	/* The lock stays until the engine has taken it over, that is until we end. */
	layer->state = LAYER_COMPLETE;
	layer_show(layer, "Pull complete", 0, 0, true);
	return 0;
}

static int layer_step(struct pull *pull, struct pull_layer *layer, struct err *err)
{
	struct download *download = &layer->download;
	uint64_t size = layer->descriptor->size;
	if (layer->state == LAYER_DOWNLOADING) {
		download_step(download);
		if (download->state == DOWNLOAD_RUNNING || download->state == DOWNLOAD_DONE) {
			if (layer->tasked && layer->restarts != download->restarts) {
				unpacker_drop(pull->unpacker, &layer->task);
				layer->tasked = false;
			}
			if (!layer->tasked && download->rc == 0)
				layer_task(pull, layer);
			layer->task.available = download->written;
			layer_show(layer, "Downloading", download->written, size, false);
		}
		if (download->state == DOWNLOAD_DONE && download->rc < 0)
			return layer_fail(layer, &download->err, err);
		if (download->state == DOWNLOAD_DONE) {
			layer_show(layer, "Verifying Checksum", 0, 0, true);
			layer_show(layer, "Download complete", 0, 0, true);
			layer->state = LAYER_EXTRACTING;
			layer->task.available = size;
		}
	}
	/* A layer that cannot be unpacked needs not be downloaded to its end. */
	if (layer->tasked && layer->task.state == UNPACK_DONE && layer->task.rc < 0 &&
	    layer->restarts == download->restarts)
		return layer_unpacked(pull, layer, err);
	if (layer->state != LAYER_EXTRACTING)
		return 0;
	if (layer->task.state == UNPACK_DONE)
		return layer_unpacked(pull, layer, err);
	layer_show(layer, "Extracting", layer->task.consumed, size, false);
	return 0;
}

/* --- all layers --- */

static bool layer_known(const struct digest *diff_id)
{
	struct stat info;
	auto_free char *path = x_printf("%s/diff", digest_hex(diff_id));
	return fstatat(REGISTRY_LAYERS, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static int room_check(const struct pull *pull, struct err *err)
{
	struct statvfs info;
	uint64_t wanted = 0;
	for (size_t i = 0; i < pull->layer_count; i++)
		wanted += pull->layers[i].there ? 0 : pull->layers[i].descriptor->size;
	if (fstatvfs(REGISTRY_DOWNLOADS, &info) < 0)
		return err_sys(err, "statvfs");
	if (wanted > (uint64_t)info.f_bavail * info.f_frsize)
		return err_set(err, ENOSPC, "write layers of %llu bytes: no space left on device",
			       (unsigned long long)wanted);
	return 0;
}

/* The same layer may stand several times in a manifest: it is fetched once. */
static bool layer_again(const struct pull *pull, const struct digest *digest)
{
	for (size_t i = 0; i < pull->layer_count; i++)
		if (text_equal(pull->layers[i].digest.text, digest->text))
			return true;
	for (size_t i = 0; i < pull->result.layers.count; i++)
		if (text_equal(pull->result.layers.items[i].diff_id, digest->text))
			return true;
	return false;
}

static bool diff_id_done(const struct pull *pull, const struct digest *diff_id)
{
	for (size_t i = 0; i < pull->result.layers.count; i++)
		if (text_equal(pull->result.layers.items[i].diff_id, diff_id->text))
			return true;
	for (size_t i = 0; i < pull->layer_count; i++)
		if (text_equal(pull->layers[i].diff_id.text, diff_id->text))
			return true;
	return false;
}

static int layers_prepare(struct pull *pull, const struct oci_manifest *manifest, char *const *diff_ids,
			  struct err *err)
{
	pull->layers = arena_array(&pull->session.arena, struct pull_layer, manifest->layers.count + 1);
	pull->layer_count = 0;
	for (size_t i = 0; i < manifest->layers.count; i++) {
		struct pull_layer layer = {.descriptor = &manifest->layers.items[i]};
		layer.download.fd = -1;
		int rc = digest_parse(layer.descriptor->digest, &layer.digest, err);
		if (rc == 0)
			rc = digest_parse(diff_ids[i], &layer.diff_id, err);
		if (rc < 0)
			return err_wrap(err, "invalid image");
		if (manifest_layer_rule(layer.descriptor->media_type) == LAYER_UNKNOWN)
			return err_set(err, EINVAL, "unsupported media type %.100s: this is no image for containers",
				       layer.descriptor->media_type);
		snprintf(layer.id, sizeof layer.id, "%s", digest_hex(&layer.digest));
		if (layer_again(pull, &layer.digest) || diff_id_done(pull, &layer.diff_id))
			continue;
		layer.there = layer_known(&layer.diff_id);
		layer.state = layer.there ? LAYER_COMPLETE : LAYER_QUEUED;
		if (layer.there) /* the record wants to hear of it all the same */
			*LIST_ADD(pull, pull->result.layers, 1) =
			    (struct image_job_layer){keep(pull, layer.diff_id.text), keep(pull, ""), 0, false};
		pull->layers[pull->layer_count++] = layer;
	}
	for (size_t i = 0; i < pull->layer_count; i++)
		report_progress(pull->layers[i].id, pull->layers[i].there ? "Already exists" : "Pulling fs layer", 0,
				0);
	return room_check(pull, err);
}

static int layers_turn(struct pull *pull, size_t *out_left, struct err *err)
{
	size_t active = 0, left = 0;
	for (size_t i = 0; i < pull->layer_count; i++)
		active += pull->layers[i].state == LAYER_DOWNLOADING;
	for (size_t i = 0; i < pull->layer_count; i++) {
		struct pull_layer *layer = &pull->layers[i];
		if (layer->state == LAYER_QUEUED && active < (size_t)pull->session.request.settings.downloads) {
			layer_begin(pull, layer);
			active++;
		}
		if (layer->state != LAYER_QUEUED && layer->state != LAYER_COMPLETE) {
			int rc = layer_step(pull, layer, err);
			if (rc < 0)
				return rc;
		}
		left += layer->state != LAYER_COMPLETE;
	}
	*out_left = left;
	return 0;
}

static int layers_pull(struct pull *pull, struct err *err)
{
	int fds[UNPACK_WORKERS_MAX];
	size_t count = unpacker_fds(pull->unpacker, fds), left;
	for (;;) {
		bool waits = false;
		int rc = layers_turn(pull, &left, err);
		if (rc == 0)
			rc = unpacker_step(pull->unpacker, err);
		if (rc < 0 || left == 0)
			return rc;
		for (size_t i = 0; i < pull->layer_count; i++)
			waits = waits || (pull->layers[i].state == LAYER_DOWNLOADING &&
					  pull->layers[i].download.state == DOWNLOAD_WAITING);
		rc = registry_step(&pull->session.registry, fds, count, waits ? 20 : 1000, err);
		if (rc < 0)
			return rc;
	}
}

/* Half-done layers keep what they have in downloads/. */
static void layers_done(struct pull *pull)
{
	for (size_t i = 0; i < pull->layer_count; i++)
		if (pull->layers[i].state == LAYER_DOWNLOADING)
			download_done(&pull->layers[i].download);
}

/* --- one image --- */

static int platform_check(const struct pull *pull, const struct oci_image *config, bool from_index, struct err *err)
{
	const struct registry_request *request = &pull->session.request;
	struct oci_platform wanted;
	auto_arena arena = {0};
	char name[REFERENCE_TEXT_MAX];
	if (from_index || text_empty(request->platform))
		return 0;
	int rc = platform_parse(&arena, request->platform, &wanted, err);
	if (rc < 0 || platform_fits(&wanted, config->os, config->architecture, config->variant))
		return rc;
	reference_full(&pull->session.reference, name);
	return err_set(
	    err, ENOENT,
	    "image with reference %.400s was found but its platform (%s) does not match the specified platform "
	    "(%s)",
	    name, platform_text(&arena, config->os, config->architecture, config->variant),
	    platform_text(&arena, wanted.os, wanted.architecture, wanted.variant));
}

static int config_pull(struct pull *pull, const struct oci_manifest *manifest, bool from_index,
		       struct oci_image *out_config, struct err *err)
{
	auto_buf text = BUF_INIT(CONTENT_DOCUMENT_MAX);
	struct digest digest;
	int rc = digest_parse(manifest->config.digest, &digest, err);
	if (rc == 0)
		rc = session_blob(&pull->session, pull->endpoint, &manifest->config, &text, err);
	if (rc == 0)
		rc = json_load(&pull->session.arena, &table_oci_image, buf_str(&text), text.len, "image configuration",
			       0, out_config, err);
	if (rc == -EINVAL) { /* not the user's fault */
		err->code = EBADMSG;
		rc = -EBADMSG;
	}
	if (rc < 0)
		return rc;
	size_t count = strv_count(out_config->rootfs.diff_ids);
	if (count != manifest->layers.count)
		return err_set(err, EBADMSG, "invalid image: %zu layers, but the configuration has %zu",
			       manifest->layers.count, count);
	rc = platform_check(pull, out_config, from_index, err);
	return rc < 0 ? rc : document_stage(pull, text.data, text.len, err);
}

static void result_add(struct pull *pull, const struct fetched *top, const struct fetched *own,
		       const struct oci_image *config, const char *tag)
{
	const struct reference *reference = &pull->session.reference;
	char *id = own->manifest.image.config.digest;
	char *repository = arena_printf(&pull->session.arena, "%s/%s", reference->domain, reference->path);
	struct image_job_image *image = LIST_ADD(pull, pull->result.images, 2);
	*image = (struct image_job_image){.id = id, .layers = config->rootfs.diff_ids};
	if (tag) {
		image->names = arena_array(&pull->session.arena, char *, 2);
		image->names[0] = arena_printf(&pull->session.arena, "%s:%s", repository, tag);
	}
	*LIST_ADD(pull, pull->result.manifests, 3) =
	    (struct image_job_manifest){keep(pull, own->digest.text), id, own->manifest.media_type};
	if (top != own)
		*LIST_ADD(pull, pull->result.manifests, 3) =
		    (struct image_job_manifest){keep(pull, top->digest.text), id, top->manifest.media_type};
	for (size_t i = 0; i < pull->layer_count; i++) {
		const struct pull_layer *layer = &pull->layers[i];
		if (!layer->there)
			*LIST_ADD(pull, pull->result.layer_blobs, 4) =
			    (struct image_job_layer_blob){.digest = keep(pull, layer->digest.text),
							  .diff_id = keep(pull, layer->diff_id.text),
							  .media_type = layer->descriptor->media_type,
							  .size = layer->descriptor->size,
							  .name = keep(pull, ""),
							  .repository = repository};
	}
	*LIST_ADD(pull, pull->result.references, 5) =
	    (struct image_job_reference){repository, keep(pull, top->digest.text), id};
}

static int index_choose(struct pull *pull, const struct fetched *top, struct fetched *own, struct err *err)
{
	struct oci_platform wanted = {.os = (char *)"linux", .architecture = (char *)PLATFORM_ARCHITECTURE};
	const char *asked = pull->session.request.platform;
	const struct oci_descriptor *entry;
	int rc = 0;
	if (!text_empty(asked)) {
		rc = platform_parse(&pull->session.arena, asked, &wanted, err);
		wanted.os = wanted.os ? wanted.os : (char *)"linux";
		wanted.architecture = wanted.architecture ? wanted.architecture : (char *)PLATFORM_ARCHITECTURE;
	}
	if (rc == 0)
		rc = manifest_choose(&top->manifest.index, &wanted, &entry, err);
	if (rc == 0)
		rc = session_manifest(&pull->session, entry->digest, own, err);
	if (rc < 0)
		return rc;
	if (own->call.transfer.answer.len != entry->size)
		return err_set(err, EBADMSG, "manifest %s has %zu bytes, the list says %llu", entry->digest,
			       own->call.transfer.answer.len, (unsigned long long)entry->size);
	return own->manifest.kind == MANIFEST_IMAGE ? 0
						    : err_set(err, EBADMSG, "a manifest list inside a manifest list");
}

static int image_pull(struct pull *pull, const char *tag, const char *digest, struct err *err)
{
	struct fetched top, own = {0};
	struct oci_image config = {0};
	int rc = session_manifest(&pull->session, digest ? digest : tag, &top, err);
	struct fetched *image = &top;
	if (rc == 0) {
		auto_free char *from = x_printf("Pulling from %s", pull->session.reference.path);
		report_progress(digest ? digest : tag, from, 0, 0);
		pull->endpoint = top.endpoint;
		pull->scope = top.call.scope;
	}
	if (rc == 0 && top.manifest.kind == MANIFEST_INDEX) {
		image = &own;
		rc = index_choose(pull, &top, &own, err);
	}
	if (rc == 0)
		rc = config_pull(pull, &image->manifest.image, image == &own, &config, err);
	if (rc == 0)
		rc = layers_prepare(pull, &image->manifest.image, config.rootfs.diff_ids, err);
	if (rc == 0)
		rc = layers_pull(pull, err);
	if (rc == 0)
		rc = document_stage(pull, top.call.transfer.answer.data, top.call.transfer.answer.len, err);
	if (rc == 0 && image == &own)
		rc = document_stage(pull, own.call.transfer.answer.data, own.call.transfer.answer.len, err);
	if (rc == 0)
		result_add(pull, &top, image, &config, digest ? NULL : tag);
	else
		layers_done(pull);
	fetched_done(&own);
	fetched_done(&top);
	return rc;
}

/* --- all tags --- */

struct tag_list {
	char *name;
	char **tags;
};
JSON_DECLARE(tag_list);
JSON_TYPE(tag_list, F_STR(struct tag_list, name, "name", 0), F_STRV(struct tag_list, tags, "tags", 0));

static int tags_pull(struct pull *pull, struct err *err)
{
	struct registry_session *session = &pull->session;
	const char *rest = "tags/list";
	size_t done = 0;
	while (rest) {
		struct call call = {0};
		struct tag_list list = {0};
		const struct endpoint *endpoint;
		int rc = session_get(session, "GET", rest, "application/json", &call, &endpoint, err);
		if (rc == 0)
			rc = session_pull_error(session, "latest", &call, err);
		if (rc == 0)
			rc = json_load(&session->arena, &table_tag_list, buf_str(&call.transfer.answer),
				       call.transfer.answer.len, "tags", 0, &list, err);
		const char *link = rc == 0 ? http_answer_field(&call.transfer, "Link") : NULL;
		const char *next = link ? link_next(&session->arena, link) : NULL;
		rest = next ? strstr(next, "tags/list?") : NULL;
		call_end(&call);
		for (char **tag = list.tags; rc == 0 && tag && *tag; tag++) {
			if (++done > TAGS_MAX)
				return err_set(err, E2BIG, "more than %d tags", TAGS_MAX);
			rc = reference_check_tag(*tag, err);
			if (rc == 0)
				rc = image_pull(pull, *tag, NULL, err);
		}
		if (rc < 0)
			return rc;
	}
	return done ? 0 : err_set(err, ENOENT, "no tags found in %s", session->reference.path);
}

static void retry_tell(struct call *call, int64_t seconds)
{
	char text[64], id[SHORT_DIGEST + 1] = "";
	const char *digest = strstr(call->url, "/blobs/sha256:");
	if (digest)
		snprintf(id, sizeof id, "%s", digest + strlen("/blobs/sha256:"));
	snprintf(text, sizeof text, "Retrying in %lld second%s", (long long)seconds, seconds == 1 ? "" : "s");
	report_progress(*id ? id : NULL, text, 0, 0);
}

static int pull_run(struct pull *pull, struct err *err)
{
	struct registry_session *session = &pull->session;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t workers = WORKERS_PER_PROCESSOR * (processors > 2 ? (size_t)processors : 2);
	int rc = unpacker_start(REGISTRY_STAGING, workers, &pull->unpacker, err);
	if (rc == 0)
		rc = session_open(session, err);
	if (rc == 0)
		rc = session_confine(session, false, err);
	if (rc < 0)
		return rc;
	session->registry.retrying = retry_tell;
	const struct reference *reference = &session->reference;
	if (session->request.all)
		return tags_pull(pull, err);
	return image_pull(pull, *reference->tag ? reference->tag : REFERENCE_DEFAULT_TAG,
			  *reference->digest ? reference->digest : NULL, err);
}

int registry_job_pull_main(int argc, char **argv)
{
	struct pull *pull = x_alloc(sizeof *pull);
	struct err err;
	(void)argc;
	(void)argv;
	int rc = pull_run(pull, &err);
	if (rc == 0)
		report_result(&pull->result);
	int status = rc < 0 ? report_error(&err) : 0;
	unpacker_free(pull->unpacker);
	session_close(&pull->session);
	free(pull);
	return status;
}
