/* tugd job save: images as one archive, of docker save's shape and an OCI layout at once. */
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "docker/reference.h"
#include "image/layer.h"
#include "image/report.h"
#include "image/tar_out.h"
#include "oci/image_spec.h"
#include "security/confine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAYERS_FD = 4, BLOBS_FD = 5, SPEC_FD = 6, SPEC_MAX = 16 << 20, DOCUMENT_MAX = 16 << 20 };

JSON_TYPE(save_image, F_STR(struct save_image, id, "id", JSON_REQUIRED), F_STRV(struct save_image, names, "names", 0));
JSON_TYPE(save_spec, F_LIST(struct save_spec, images, "images", 0, save_image));

/* What lies in blobs/sha256. */
struct blob {
	char *hex;
	char *text; /* a document, or NULL: the tar of a layer */
	uint64_t size;
};

struct save {
	struct arena arena;
	struct save_spec spec;
	struct oci_image *configs; /* of the images */
	struct buf *texts;	   /* their bytes */
	struct map known;	   /* hex: struct blob */
	struct blob **blobs;
	size_t count, room;
	struct digest *manifests; /* of the images */
	uint64_t *manifest_sizes;
	struct tar_out out;
};

/* --- what belongs to the archive --- */

static struct blob *blob_add(struct save *save, const char *hex, const char *text, uint64_t size)
{
	struct blob *blob = map_get(&save->known, hex);
	if (blob)
		return blob;
	if (save->count == save->room) {
		save->room = save->room ? 2 * save->room : 64;
		save->blobs = x_realloc(save->blobs, save->room * sizeof(struct blob *));
	}
	blob = arena_new(&save->arena, struct blob);
	*blob = (struct blob){arena_strdup(&save->arena, hex), (char *)text, size};
	save->blobs[save->count++] = blob;
	(void)map_put(&save->known, hex, blob);
	return blob;
}

static int config_read(struct save *save, size_t i, struct err *err)
{
	struct digest id, found;
	struct buf *text = &save->texts[i];
	int rc = digest_parse(save->spec.images.items[i].id, &id, err);
	*text = (struct buf)BUF_INIT(CONTENT_DOCUMENT_MAX);
	if (rc == 0)
		rc = file_read(BLOBS_FD, digest_hex(&id), text, err);
	if (rc < 0)
		return err_wrap(err, "image %s", save->spec.images.items[i].id);
	digest_of(buf_str(text), text->len, &found);
	if (!text_equal(found.text, id.text))
		return err_set(err, EBADMSG, "image %s: damaged: its content is %s", id.text, found.text);
	blob_add(save, digest_hex(&id), buf_str(text), text->len);
	return json_load(&save->arena, &table_oci_image, buf_str(text), text->len, "image configuration", 0,
			 &save->configs[i], err);
}

static int layers_add(struct save *save, size_t i, struct err *err)
{
	for (char **layer = save->configs[i].rootfs.diff_ids; layer && *layer; layer++) {
		struct digest diff_id;
		uint64_t size;
		int rc = digest_parse(*layer, &diff_id, err);
		if (rc == 0 && map_get(&save->known, digest_hex(&diff_id)))
			continue;
		if (rc == 0)
			rc = layer_tar_size(LAYERS_FD, &diff_id, &size, err);
		if (rc < 0)
			return rc;
		blob_add(save, digest_hex(&diff_id), NULL, size);
	}
	return 0;
}

/* The manifest of an image whose layers are plain tars: always the same bytes for the same image. */
static int manifest_make(struct save *save, size_t i, struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	buf_printf(&text,
		   "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_MANIFEST
		   "\",\"config\":{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		   save->spec.images.items[i].id, save->texts[i].len);
	for (char **layer = save->configs[i].rootfs.diff_ids; layer && *layer; layer++) {
		const struct blob *blob = map_get(&save->known, *layer + strlen("sha256:"));
		buf_printf(&text, "%s{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"digest\":\"%s\",\"size\":%llu}",
			   layer == save->configs[i].rootfs.diff_ids ? "" : ",", *layer,
			   (unsigned long long)blob->size);
	}
	buf_text(&text, "]}");
	int rc = buf_check(&text, "a manifest", err);
	if (rc < 0)
		return rc;
	digest_of(text.data, text.len, &save->manifests[i]);
	save->manifest_sizes[i] = text.len;
	blob_add(save, digest_hex(&save->manifests[i]), arena_strdup(&save->arena, text.data), text.len);
	return 0;
}

/* --- documents --- */

static void familiar(const char *full, struct reference *reference, char out_text[REFERENCE_TEXT_MAX])
{
	struct err err;
	if (reference_parse(full, reference, &err) < 0)
		BUG("the store has the name %s", full);
	reference_familiar(reference, out_text);
}

static void platform_write(struct buf *text, const struct oci_image *config)
{
	buf_text(text, ",\"platform\":{\"architecture\":");
	json_encode_string(text, config->architecture ? config->architecture : "");
	buf_text(text, ",\"os\":");
	json_encode_string(text, config->os ? config->os : "linux");
	if (!text_empty(config->variant)) {
		buf_text(text, ",\"variant\":");
		json_encode_string(text, config->variant);
	}
	buf_char(text, '}');
}

static void descriptor_write(const struct save *save, size_t i, const char *name, struct buf *text)
{
	struct reference reference;
	char ignored[REFERENCE_TEXT_MAX];
	buf_printf(text, "%s{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"%s\",\"size\":%llu",
		   text->data[text->len - 1] == '[' ? "" : ",", save->manifests[i].text,
		   (unsigned long long)save->manifest_sizes[i]);
	if (name) {
		familiar(name, &reference, ignored);
		buf_text(text, ",\"annotations\":{\"" DOCKER_ANNOTATION_IMAGE_NAME "\":");
		json_encode_string(text, name);
		buf_text(text, ",\"" OCI_ANNOTATION_REF_NAME "\":");
		json_encode_string(text, reference.tag);
		buf_char(text, '}');
	}
	platform_write(text, &save->configs[i]);
	buf_char(text, '}');
}

static void index_write(const struct save *save, struct buf *text)
{
	buf_text(text, "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"manifests\":[");
	for (size_t i = 0; i < save->spec.images.count; i++) {
		char **names = save->spec.images.items[i].names;
		if (!names || !names[0])
			descriptor_write(save, i, NULL, text);
		for (; names && *names; names++)
			descriptor_write(save, i, *names, text);
	}
	buf_text(text, "]}");
}

static void layer_paths_write(const struct save *save, size_t i, struct buf *text)
{
	char **layers = save->configs[i].rootfs.diff_ids;
	buf_text(text, ",\"Layers\":[");
	for (char **layer = layers; layer && *layer; layer++)
		buf_printf(text, "%s\"blobs/sha256/%s\"", layer == layers ? "" : ",", *layer + strlen("sha256:"));
	buf_text(text, "],\"LayerSources\":{");
	for (char **layer = layers; layer && *layer; layer++) {
		bool again = false;
		for (char **before = layers; before < layer; before++)
			again = again || text_equal(*before, *layer);
		const struct blob *blob = map_get(&save->known, *layer + strlen("sha256:"));
		if (!again)
			buf_printf(text,
				   "%s\"%s\":{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"size\":%llu,\"digest\":\"%s\"}",
				   layer == layers ? "" : ",", *layer, (unsigned long long)blob->size, *layer);
	}
	buf_char(text, '}');
}

/* Docker's manifest.json. */
static void manifest_write(const struct save *save, struct buf *text)
{
	buf_char(text, '[');
	for (size_t i = 0; i < save->spec.images.count; i++) {
		char **names = save->spec.images.items[i].names;
		buf_printf(text, "%s{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":", i > 0 ? "," : "",
			   save->spec.images.items[i].id + strlen("sha256:"));
		for (char **name = names; name && *name; name++) {
			struct reference reference;
			char shown[REFERENCE_TEXT_MAX];
			familiar(*name, &reference, shown);
			buf_char(text, name == names ? '[' : ',');
			json_encode_string(text, shown);
		}
		buf_text(text, names && names[0] ? "]" : "null");
		layer_paths_write(save, i, text);
		buf_char(text, '}');
	}
	buf_char(text, ']');
}

/* Docker's oldest index: for each repository its tags, and the top layer of each. */
static void repositories_write(const struct save *save, struct buf *text)
{
	struct map done = {0};
	for (size_t i = 0; i < save->spec.images.count; i++) {
		for (char **name = save->spec.images.items[i].names; name && *name; name++) {
			struct reference first;
			char shown[REFERENCE_TEXT_MAX], repository[REFERENCE_TEXT_MAX];
			familiar(*name, &first, shown);
			reference_familiar_name(&first, repository);
			if (map_put(&done, repository, text))
				continue;
			buf_char(text, text->len == 0 ? '{' : ',');
			json_encode_string(text, repository);
			const char *separator = ":{";
			for (size_t k = i; k < save->spec.images.count; k++) {
				char **layers = save->configs[k].rootfs.diff_ids;
				size_t count = strv_count(layers);
				for (char **other = save->spec.images.items[k].names; other && *other; other++) {
					struct reference reference;
					char own[REFERENCE_TEXT_MAX];
					familiar(*other, &reference, shown);
					reference_familiar_name(&reference, own);
					if (!text_equal(own, repository))
						continue;
					buf_text(text, separator);
					json_encode_string(text, reference.tag);
					buf_printf(text, ":\"%s\"", count ? layers[count - 1] + strlen("sha256:") : "");
					separator = ",";
				}
			}
			buf_char(text, '}');
		}
	}
	if (text->len > 0)
		buf_char(text, '}');
	map_done(&done);
}

/* --- writing --- */

static int layer_piece(void *cookie, const void *data, size_t size, struct err *err)
{
	return tar_out_data(cookie, data, size, err);
}

static int blob_write(struct save *save, const struct blob *blob, struct err *err)
{
	struct digest diff_id;
	auto_free char *name = x_printf("blobs/sha256/%s", blob->hex), *digest = x_printf("sha256:%s", blob->hex);
	if (blob->text)
		return tar_out_text(&save->out, name, blob->text, blob->size, err);
	int rc = digest_parse(digest, &diff_id, err);
	if (rc == 0)
		rc = tar_out_begin(&save->out, TAR_FILE, name, blob->size, err);
	if (rc == 0)
		rc = layer_copy(LAYERS_FD, &diff_id, layer_piece, &save->out, err);
	return rc < 0 ? rc : tar_out_file_end(&save->out, blob->size, err);
}

static int blob_order(const void *a, const void *b)
{
	return strcmp((*(struct blob *const *)a)->hex, (*(struct blob *const *)b)->hex);
}

static int document_write(struct save *save, const char *name, void (*write)(const struct save *save, struct buf *text),
			  struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	write(save, &text);
	int rc = buf_check(&text, name, err);
	return rc < 0 || text.len == 0 ? rc : tar_out_text(&save->out, name, text.data, text.len, err);
}

static int archive_write(struct save *save, struct err *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	if (save->count > 1)
		qsort(save->blobs, save->count, sizeof(struct blob *), blob_order);
	int rc = tar_out_begin(&save->out, TAR_DIRECTORY, "blobs", 0, err);
	if (rc == 0)
		rc = tar_out_begin(&save->out, TAR_DIRECTORY, "blobs/sha256", 0, err);
	for (size_t i = 0; rc == 0 && i < save->count; i++)
		rc = blob_write(save, save->blobs[i], err);
	if (rc == 0)
		rc = document_write(save, "index.json", index_write, err);
	if (rc == 0)
		rc = document_write(save, "manifest.json", manifest_write, err);
	if (rc == 0)
		rc = tar_out_text(&save->out, "oci-layout", layout, strlen(layout), err);
	if (rc == 0)
		rc = document_write(save, "repositories", repositories_write, err);
	return rc < 0 ? rc : tar_out_finish(&save->out, err);
}

static int save_run(struct save *save, struct err *err)
{
	auto_buf text = BUF_INIT(SPEC_MAX);
	int rc = file_read_fd(SPEC_FD, "the job's list", &text, err);
	if (rc == 0)
		rc = json_load(&save->arena, &table_save_spec, buf_str(&text), text.len, "the job's list", 0,
			       &save->spec, err);
	close(SPEC_FD);
	if (rc == 0)
		rc = confine_enter(
		    &(struct confine_spec){.dirs = {{LAYERS_FD, false}, {BLOBS_FD, false}}, .dir_count = 2}, err);
	size_t count = save->spec.images.count;
	save->configs = arena_array(&save->arena, struct oci_image, count + 1);
	save->texts = arena_array(&save->arena, struct buf, count + 1);
	save->manifests = arena_array(&save->arena, struct digest, count + 1);
	save->manifest_sizes = arena_array(&save->arena, uint64_t, count + 1);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = config_read(save, i, err);
		if (rc == 0)
			rc = layers_add(save, i, err);
		if (rc == 0)
			rc = manifest_make(save, i, err);
	}
	return rc < 0 ? rc : archive_write(save, err);
}

int image_job_save_main(int argc, char **argv)
{
	struct save *save = x_alloc(sizeof *save);
	struct err err;
	(void)argc, (void)argv;
	tar_out_init(&save->out, STDOUT_FILENO);
	int rc = save_run(save, &err), status = rc < 0 ? report_error(&err) : 0;
	tar_out_done(&save->out);
	for (size_t i = 0; save->texts && i < save->spec.images.count; i++)
		buf_done(&save->texts[i]);
	map_done(&save->known);
	free(save->blobs);
	arena_done(&save->arena);
	free(save);
	return status;
}
