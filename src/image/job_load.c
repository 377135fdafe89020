/* tugd job load: the images of an archive of `docker save` or an OCI layout. */
#include "base/text.h"
#include "docker/reference.h"
#include "image/archive.h"
#include "image/compress.h"
#include "image/report.h"
#include "image/unpack.h"
#include "oci/image_spec.h"
#include "security/confine.h"
#include "storage/content.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STAGING_FD = 4, LAYERS_FD = 5, IMAGES_MAX = 1024, LAYERS_MAX = 4096, INDEX_DEPTH = 4 };

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#else
#define ARCHITECTURE "arm64"
#endif

struct load {
	struct arena arena;
	struct archive archive;
	struct image_job_image images[IMAGES_MAX];
	struct image_job_layer layers[LAYERS_MAX];
	struct image_job_blob blobs[IMAGES_MAX];
	size_t image_count, layer_count, blob_count;
};

/* --- layers --- */

static bool layer_known(struct load *load, const struct digest *diff_id)
{
	struct stat info;
	auto_free char *path = x_printf("%s/diff", digest_hex(diff_id));
	for (size_t i = 0; i < load->layer_count; i++) {
		if (text_equal(load->layers[i].diff_id, diff_id->text))
			return true;
	}
	if (fstatat(LAYERS_FD, path, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	/* The record wants to hear of it all the same. */
	load->layers[load->layer_count++] =
	    (struct image_job_layer){.diff_id = arena_strdup(&load->arena, diff_id->text), .name = (char *)""};
	return true;
}

static int layer_unpack(int source_fd, const char *name, struct unpack_result *result, struct err *err)
{
	struct stream_fd source;
	struct stream *plain;
	enum compress_kind kind;
	stream_fd_init(&source, source_fd);
	int rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = unpack_staged(STAGING_FD, name, plain, &(struct unpack_limits){0}, result, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	return rc;
}

static int layer_load(struct load *load, const char *member, const char *diff_text, struct err *err)
{
	struct digest diff_id;
	struct unpack_result result = {0};
	auto_fd int fd = -1;
	int rc = digest_parse(diff_text, &diff_id, err);
	if (rc < 0)
		return err_wrap(err, "rootfs: diff_ids");
	if (load->layer_count == LAYERS_MAX)
		return err_set(err, E2BIG, "the archive has more than %d layers", LAYERS_MAX);
	if (layer_known(load, &diff_id))
		return 0;
	char *name = arena_printf(&load->arena, "l%zu", load->layer_count);
	auto_free char *shown = x_strndup(digest_hex(&diff_id), 12);
	report_progress(shown, "Loading layer", 0, 0);
	rc = archive_open(&load->archive, member, &fd, err);
	if (rc == 0)
		rc = layer_unpack(fd, name, &result, err);
	if (rc < 0)
		return err_wrap(err, "layer %s", member);
	if (!text_equal(result.diff_id.text, diff_id.text))
		return err_set(err, EBADMSG, "layer %s: its content is %s, not %s", member, result.diff_id.text,
			       diff_id.text);
	load->layers[load->layer_count++] =
	    (struct image_job_layer){arena_strdup(&load->arena, diff_id.text), name, result.size, result.opaque};
	return 0;
}

/* --- images --- */

static int names_add(struct load *load, struct image_job_image *image, const char *text, struct err *err)
{
	struct reference reference;
	char full[REFERENCE_TEXT_MAX];
	int rc = reference_parse(text, &reference, err);
	if (rc < 0)
		return err_wrap(err, "name \"%s\"", text);
	reference_set_default_tag(&reference);
	reference_full(&reference, full);
	size_t count = strv_count(image->names);
	char **names = arena_array(&load->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		names[i] = image->names[i];
	names[count] = arena_strdup(&load->arena, full);
	image->names = names;
	return 0;
}

/* The configuration as it is, its layers in the order in which it names them. layers: members of the archive. */
static int image_load(struct load *load, const char *config_member, char *const *layers, char *const *names,
		      struct err *err)
{
	auto_buf text = BUF_INIT(CONTENT_DOCUMENT_MAX);
	struct oci_image config = {0};
	struct digest id;
	if (load->image_count == IMAGES_MAX)
		return err_set(err, E2BIG, "the archive has more than %d images", IMAGES_MAX);
	int rc = archive_text(&load->archive, config_member, &text, err);
	if (rc == 0)
		rc =
		    json_load(&load->arena, &table_oci_image, buf_str(&text), text.len, config_member, 0, &config, err);
	if (rc < 0)
		return rc;
	size_t count = strv_count(config.rootfs.diff_ids);
	if (count != strv_count(layers))
		return err_set(err, EINVAL, "%s: invalid manifest, layers length mismatch: expected %zu, got %zu",
			       config_member, count, strv_count(layers));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = layer_load(load, layers[i], config.rootfs.diff_ids[i], err);
	if (rc < 0)
		return rc;
	char *blob = arena_printf(&load->arena, "c%zu", load->blob_count);
	rc = content_stage(STAGING_FD, blob, text.data, text.len, &id, err);
	if (rc < 0)
		return rc;
	struct image_job_image *image = &load->images[load->image_count];
	*image = (struct image_job_image){.id = arena_strdup(&load->arena, id.text), .layers = config.rootfs.diff_ids};
	for (; rc == 0 && names && *names; names++)
		rc = names_add(load, image, *names, err);
	load->image_count += rc == 0;
	load->blobs[load->blob_count++] = (struct image_job_blob){image->id, blob};
	return rc;
}

/* --- docker save --- */

static int docker_load(struct load *load, const struct json *list, struct err *err)
{
	if (list->kind != JSON_ARRAY)
		return err_set(err, EINVAL, "manifest.json: not a list");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct docker_save_entry entry = {0};
		rc = json_decode(&load->arena, &table_docker_save_entry, list->items[i], 0, &entry, err);
		if (rc == 0 && text_empty(entry.config))
			rc = err_set(err, EINVAL, "manifest.json: [%zu]: Config: missing field", i);
		if (rc == 0)
			rc = image_load(load, entry.config, entry.layers, entry.repo_tags, err);
	}
	return rc;
}

/* --- OCI layout --- */

static char *blob_member(struct load *load, const char *digest)
{
	const char *colon = strchr(digest, ':');
	return arena_printf(&load->arena, "blobs/%.*s/%s", colon ? (int)(colon - digest) : 0, digest,
			    colon ? colon + 1 : digest);
}

static int bytes_hash(int fd, struct digest *out_digest, struct err *err)
{
	char block[64 << 10];
	auto_hash struct hash *hash = hash_new();
	ssize_t size;
	while ((size = read(fd, block, sizeof block)) > 0)
		hash_update(hash, block, (size_t)size);
	if (size < 0)
		return err_sys(err, "read the archive");
	digest_final(hash, out_digest);
	return 0;
}

/* Whether the blob's size and bytes are what the descriptor says; *out_member is its name in the archive. */
static int blob_check(struct load *load, const struct oci_descriptor *descriptor, char **out_member, struct err *err)
{
	struct digest wanted, real;
	auto_fd int fd = -1;
	int rc = digest_parse(descriptor->digest ? descriptor->digest : "", &wanted, err);
	if (rc < 0)
		return rc;
	char *member = blob_member(load, wanted.text);
	const struct archive_member *found = archive_find(&load->archive, member);
	if (found && found->size != (uint64_t)descriptor->size)
		return err_set(err, EBADMSG, "blob %s: its size is %" PRIu64 ", not %" PRIi64, wanted.text, found->size,
			       descriptor->size);
	rc = archive_open(&load->archive, member, &fd, err);
	if (rc == 0)
		rc = bytes_hash(fd, &real, err);
	if (rc < 0)
		return rc;
	if (!text_equal(real.text, wanted.text))
		return err_set(err, EBADMSG, "blob %s: its content is %s", wanted.text, real.text);
	*out_member = member;
	return 0;
}

static int document_read(struct load *load, const struct oci_descriptor *descriptor, struct buf *text, struct err *err)
{
	char *member;
	int rc = blob_check(load, descriptor, &member, err);
	return rc < 0 ? rc : archive_text(&load->archive, member, text, err);
}

static int manifest_load(struct load *load, const struct oci_descriptor *descriptor, const char *name, struct err *err)
{
	auto_buf text = BUF_INIT(CONTENT_DOCUMENT_MAX);
	struct oci_manifest manifest = {0};
	int rc = document_read(load, descriptor, &text, err);
	if (rc == 0)
		rc = json_load(&load->arena, &table_oci_manifest, buf_str(&text), text.len, "manifest", 0, &manifest,
			       err);
	if (rc < 0)
		return rc;
	if (manifest.manifests || text_empty(manifest.config.digest))
		return err_set(err, EINVAL, "manifest %s: not an image's", descriptor->digest);
	char **layers = arena_array(&load->arena, char *, manifest.layers.count + 1);
	char *names[] = {(char *)name, NULL}, *config;
	rc = blob_check(load, &manifest.config, &config, err);
	for (size_t i = 0; rc == 0 && i < manifest.layers.count; i++)
		rc = blob_check(load, &manifest.layers.items[i], &layers[i], err);
	return rc < 0 ? rc : image_load(load, config, layers, name ? names : NULL, err);
}

static bool fits_here(const struct oci_platform *platform)
{
	return !platform || ((text_empty(platform->os) || text_equal(platform->os, "linux")) &&
			     (text_empty(platform->architecture) || text_equal(platform->architecture, ARCHITECTURE)));
}

static int index_load(struct load *load, const struct buf *text, const char *name, unsigned depth, struct err *err)
{
	struct oci_index index = {0};
	int rc = json_load(&load->arena, &table_oci_index, buf_str(text), text->len, "index.json", 0, &index, err);
	if (rc < 0)
		return rc;
	if (depth == INDEX_DEPTH || index.config || index.layers)
		return err_set(err, EINVAL, "index.json: not an index");
	for (size_t i = 0; rc == 0 && i < index.manifests.count; i++) {
		const struct oci_descriptor *item = &index.manifests.items[i];
		const char *own = json_map_get(&item->annotations, DOCKER_ANNOTATION_IMAGE_NAME);
		const char *tag = json_map_get(&item->annotations, OCI_ANNOTATION_REF_NAME);
		/* A tag alone is no name: whoever wrote it knew the rest. */
		const char *shown = own ? own : tag && strpbrk(tag, ":/") ? tag : name;
		if (!fits_here(item->platform))
			continue;
		bool nested = item->media_type && (text_equal(item->media_type, OCI_MEDIA_INDEX) ||
						   text_equal(item->media_type, DOCKER_MEDIA_LIST));
		if (!nested) {
			rc = manifest_load(load, item, shown, err);
			continue;
		}
		auto_buf below = BUF_INIT(CONTENT_DOCUMENT_MAX);
		rc = document_read(load, item, &below, err);
		if (rc == 0)
			rc = index_load(load, &below, shown, depth + 1, err);
	}
	return rc;
}

/* --- the whole --- */

static int source_read(struct load *load, struct err *err)
{
	struct stream_fd source;
	struct stream *plain;
	enum compress_kind kind;
	stream_fd_init(&source, STDIN_FILENO);
	int rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = archive_read(&load->archive, STAGING_FD, plain, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	return rc;
}

static int load_run(struct load *load, struct err *err)
{
	auto_buf text = BUF_INIT(CONTENT_DOCUMENT_MAX);
	const struct json *list;
	int rc = confine_enter(&(struct confine_spec){.dirs = {{STAGING_FD, true}, {LAYERS_FD, false}}, .dir_count = 2},
			       err);
	if (rc == 0)
		rc = source_read(load, err);
	if (rc < 0)
		return rc;
	if (archive_find(&load->archive, "manifest.json")) {
		rc = archive_text(&load->archive, "manifest.json", &text, err);
		if (rc == 0)
			rc = json_parse(&load->arena, buf_str(&text), text.len, "manifest.json", &list, err);
		if (rc == 0)
			rc = docker_load(load, list, err);
	} else if (archive_find(&load->archive, "index.json")) {
		rc = archive_text(&load->archive, "index.json", &text, err);
		if (rc == 0)
			rc = index_load(load, &text, NULL, 0, err);
	} else {
		return err_set(err, EINVAL,
			       "unrecognized image format: neither manifest.json nor index.json in the archive");
	}
	if (rc == 0 && load->image_count == 0)
		rc = err_set(err, EINVAL, "the archive has no image for linux/" ARCHITECTURE);
	return rc;
}

int image_job_load_main(int argc, char **argv)
{
	struct load *load = x_alloc(sizeof *load);
	struct err err;
	(void)argc;
	(void)argv;
	int rc = load_run(load, &err);
	if (rc == 0)
		report_result(&(struct image_job_result){.images = {load->images, load->image_count},
							 .layers = {load->layers, load->layer_count},
							 .blobs = {load->blobs, load->blob_count}});
	int status = rc < 0 ? report_error(&err) : 0;
	archive_done(&load->archive);
	arena_done(&load->arena);
	free(load);
	return status;
}
