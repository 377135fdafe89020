/*
 * tugd job push: images of the store into a repository. What came from a registry goes out as it came, manifest and
 * all; layers that came otherwise are compressed once and kept.
 */
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "image/report.h"
#include "registry/packer.h"
#include "registry/session.h"
#include "registry/upload.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOW_NS 100000000LL

enum blob_state { BLOB_PACKING, BLOB_READY, BLOB_UPLOADING, BLOB_COMPLETE };

struct push_blob {
	struct digest digest, diff_id;
	uint64_t size;
	char *media_type;
	char **mounts; /* repositories of the same registry */
	char id[13];
	enum blob_state state;
	bool config, staged;
	struct pack_task pack;
	struct upload upload;
	int fd;
	int64_t shown_ns;
};

struct push {
	struct registry_session session;
	struct packer *packer;
	struct image_job_result result;
	size_t rooms[4];
	const struct endpoint *endpoint;
	const char *repository; /* "docker.io/library/a" */
	unsigned names;
	/* the image at hand */
	struct push_blob *blobs;
	size_t blob_count;
	struct buf manifest;
	const char *manifest_type;
	bool made; /* by us, now */
};

static char *keep(struct push *push, const char *text)
{
	return arena_strdup(&push->session.arena, text);
}

static void *list_add(struct push *push, void **items, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		size_t more = *room ? *room * 2 : 16;
		void *grown = arena_alloc_array(&push->session.arena, more, size);
		if (*count)
			memcpy(grown, *items, *count * size);
		*items = grown;
		*room = more;
	}
	return (char *)*items + (*count)++ * size;
}
#define LIST_ADD(push, list, room)                                                                             \
	((__typeof__((list).items))list_add(push, (void **)&(list).items, &(list).count, &(push)->rooms[room], \
					    sizeof *(list).items))

/* --- what is to be sent --- */

/* A blob of the store by its digest; -ENOENT. */
static int blob_open(const char *digest, int *out_fd, uint64_t *out_size, struct err *err)
{
	struct digest parsed;
	struct stat info;
	int rc = digest_parse(digest, &parsed, err);
	if (rc < 0)
		return rc;
	auto_fd int fd = openat(REGISTRY_BLOBS, digest_hex(&parsed), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, "open blob %s", digest);
	*out_size = (uint64_t)info.st_size;
	*out_fd = take_fd(&fd);
	return 0;
}

static int document_read(const char *digest, struct buf *out, struct err *err)
{
	auto_fd int fd = -1;
	struct digest real;
	uint64_t size;
	int rc = blob_open(digest, &fd, &size, err);
	if (rc == 0)
		rc = file_read_fd(fd, digest, out, err);
	if (rc < 0)
		return rc;
	digest_of(buf_str(out), out->len, &real);
	return text_equal(real.text, digest) ? 0
					     : err_set(err, EBADMSG, "blob %s is damaged: it is %s", digest, real.text);
}

/* What the store knows of this blob, or NULL. */
static const struct push_layer *layer_find(const struct push_image *image, const char *digest)
{
	for (size_t i = 0; i < image->layers.count; i++)
		if (text_equal(image->layers.items[i].digest ? image->layers.items[i].digest : "", digest))
			return &image->layers.items[i];
	return NULL;
}

/* Those of this registry, without its name and without the target itself. */
static char **mounts_of(struct push *push, const struct push_layer *layer)
{
	size_t count = 0;
	const char *domain = push->session.reference.domain;
	char **list = arena_array(&push->session.arena, char *, strv_count(layer->repositories) + 1);
	for (char **item = layer->repositories; item && *item; item++) {
		const char *rest = text_after(*item, domain);
		if (rest && *rest == '/' && !text_equal(rest + 1, push->session.reference.path))
			list[count++] = keep(push, rest + 1);
	}
	return list;
}

static struct push_blob *blob_add(struct push *push, const char *id)
{
	struct push_blob *blob = &push->blobs[push->blob_count++];
	*blob = (struct push_blob){.fd = -1};
	const char *hex = text_after(id, "sha256:");
	snprintf(blob->id, sizeof blob->id, "%s", hex ? hex : id);
	return blob;
}

static bool blob_again(const struct push *push, const char *digest)
{
	for (size_t i = 0; i < push->blob_count; i++)
		if (text_equal(push->blobs[i].digest.text, digest))
			return true;
	return false;
}

/* 1: this exact manifest can be pushed: everything that it names is here. 0: something is not. */
static int manifest_use(struct push *push, const struct push_image *image, const struct push_manifest *kept,
			struct err *err)
{
	struct manifest manifest = {0};
	auto_buf text = BUF_INIT(MANIFEST_MAX);
	int rc = document_read(kept->digest, &text, err);
	if (rc == 0)
		rc = manifest_parse(&push->session.arena, text.data, text.len, kept->media_type, &manifest, err);
	if (rc < 0 || manifest.kind != MANIFEST_IMAGE)
		return 0;
	push->blob_count = 0;
	push->blobs = arena_array(&push->session.arena, struct push_blob, manifest.image.layers.count + 2);
	for (size_t i = 0; i < manifest.image.layers.count; i++) {
		const struct oci_descriptor *descriptor = &manifest.image.layers.items[i];
		const struct push_layer *layer = layer_find(image, descriptor->digest);
		if (blob_again(push, descriptor->digest))
			continue;
		if (!layer)
			return 0;
		struct push_blob *blob = blob_add(push, layer->diff_id);
		rc = digest_parse(descriptor->digest, &blob->digest, err);
		if (rc == 0)
			rc = digest_parse(layer->diff_id, &blob->diff_id, err);
		if (rc == 0)
			rc = blob_open(descriptor->digest, &blob->fd, &blob->size, err);
		if (rc < 0 || blob->size != descriptor->size)
			return 0;
		blob->media_type = keep(push, layer->media_type);
		blob->mounts = mounts_of(push, layer);
		blob->state = BLOB_READY;
	}
	buf_reset(&push->manifest);
	buf_append(&push->manifest, text.data, text.len);
	push->manifest_type = manifest.media_type;
	push->made = false;
	return 1;
}

/* The layers of the image, each by the blob that there is, or one that is to be made. */
static int layers_prepare(struct push *push, const struct push_image *image, char *const *diff_ids, struct err *err)
{
	push->blob_count = 0;
	push->blobs = arena_array(&push->session.arena, struct push_blob, strv_count((char **)(uintptr_t)diff_ids) + 2);
	for (char *const *diff_id = diff_ids; diff_id && *diff_id; diff_id++) {
		struct push_blob *blob = blob_add(push, *diff_id);
		int rc = digest_parse(*diff_id, &blob->diff_id, err);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < image->layers.count && blob->fd < 0; i++) {
			const struct push_layer *layer = &image->layers.items[i];
			struct err missing;
			if (!text_equal(layer->diff_id, *diff_id) || text_empty(layer->digest) ||
			    blob_open(layer->digest, &blob->fd, &blob->size, &missing) < 0)
				continue;
			rc = digest_parse(layer->digest, &blob->digest, err);
			blob->media_type = keep(push, layer->media_type);
			blob->mounts = mounts_of(push, layer);
			blob->state = BLOB_READY;
		}
		if (rc < 0)
			return rc;
		if (blob->fd >= 0)
			continue;
		blob->state = BLOB_PACKING;
		blob->staged = true;
		blob->media_type = keep(push, DOCKER_MEDIA_LAYER_GZIP);
		blob->pack.diff_id = blob->diff_id;
		snprintf(blob->pack.name, sizeof blob->pack.name, "p%u", push->names++);
		packer_add(push->packer, &blob->pack);
	}
	return 0;
}

/* --- a manifest of our own --- */

/* Docker's, unless a layer has OCI's form: then all of it is OCI's. */
static const char *layer_type(const char *type, bool oci)
{
	static const char *const pairs[][2] = {{DOCKER_MEDIA_LAYER_GZIP, OCI_MEDIA_LAYER_GZIP},
					       {DOCKER_MEDIA_LAYER, OCI_MEDIA_LAYER}};
	for (size_t i = 0; i < array_size(pairs); i++)
		if (text_equal(type, pairs[i][oci ? 0 : 1]))
			return pairs[i][oci ? 1 : 0];
	return type;
}

static void descriptor_print(struct buf *out, const char *indent, const char *type, uint64_t size, const char *digest)
{
	buf_printf(out, "{\n%s   \"mediaType\": \"%s\",\n%s   \"size\": %llu,\n%s   \"digest\": \"%s\"\n%s}", indent,
		   type, indent, (unsigned long long)size, indent, digest, indent);
}

static int manifest_make(struct push *push, const struct push_blob *config, struct err *err)
{
	struct buf *out = &push->manifest;
	bool oci = false;
	for (size_t i = 0; i < push->blob_count; i++)
		oci = oci || (!push->blobs[i].config && text_equal(push->blobs[i].media_type, OCI_MEDIA_LAYER_ZSTD));
	buf_reset(out);
	push->manifest_type = oci ? OCI_MEDIA_MANIFEST : DOCKER_MEDIA_MANIFEST;
	push->made = true;
	buf_printf(out, "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"%s\",\n   \"config\": ", push->manifest_type);
	descriptor_print(out, "   ", oci ? OCI_MEDIA_CONFIG : DOCKER_MEDIA_CONFIG, config->size, config->digest.text);
	buf_text(out, ",\n   \"layers\": [");
	bool first = true;
	for (size_t i = 0; i < push->blob_count; i++) {
		const struct push_blob *blob = &push->blobs[i];
		if (blob->config)
			continue;
		buf_text(out, first ? "\n      " : ",\n      ");
		first = false;
		descriptor_print(out, "      ", layer_type(blob->media_type, oci), blob->size, blob->digest.text);
	}
	buf_text(out, first ? "]\n}" : "\n   ]\n}");
	return buf_check(out, "the manifest", err);
}

/* --- sending --- */

static void blob_show(struct push_blob *blob, const char *status, uint64_t current, uint64_t total, bool always)
{
	int64_t now = time_monotonic_ns();
	if (blob->config || (!always && now - blob->shown_ns < SHOW_NS))
		return;
	blob->shown_ns = now;
	report_progress(blob->id, status, current, total);
}

static void blob_packed(struct push_blob *blob, struct err *err)
{
	if (blob->pack.rc < 0) {
		*err = blob->pack.err;
		return;
	}
	blob->digest = blob->pack.digest;
	blob->size = blob->pack.size;
	blob->fd = openat(REGISTRY_STAGING, blob->pack.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (blob->fd < 0)
		err_sys(err, "open a compressed layer");
	else
		blob->state = BLOB_READY;
}

static void blob_begin(struct push *push, struct push_blob *blob)
{
	blob->upload = (struct upload){.registry = &push->session.registry,
				       .endpoint = push->endpoint,
				       .name = push->session.reference.path,
				       .scope = push->session.scope,
				       .digest = blob->digest,
				       .fd = blob->fd,
				       .size = blob->size,
				       .mounts = blob->mounts};
	blob->state = BLOB_UPLOADING;
}

static void blob_complete(struct push_blob *blob)
{
	static const char *const words[] = {[UPLOAD_SENT] = "Pushed", [UPLOAD_THERE] = "Layer already exists"};
	const struct upload *upload = &blob->upload;
	auto_free char *mounted = x_printf("Mounted from %s", upload->mounted_from ? upload->mounted_from : "");
	blob->state = BLOB_COMPLETE;
	blob_show(blob, upload->how == UPLOAD_MOUNTED ? mounted : words[upload->how], 0, 0, true);
	upload_done(&blob->upload);
}

static int blob_step(struct push *push, struct push_blob *blob, size_t *active, struct err *err)
{
	err->code = 0;
	if (blob->state == BLOB_PACKING && blob->pack.done)
		blob_packed(blob, err);
	if (err->code)
		return -err->code;
	if (blob->state == BLOB_READY && *active < (size_t)push->session.request.settings.uploads) {
		++*active;
		blob_begin(push, blob);
	}
	if (blob->state != BLOB_UPLOADING)
		return 0;
	upload_step(&blob->upload);
	if (blob->upload.state != UPLOAD_DONE) {
		if (blob->upload.state == UPLOAD_SEND)
			blob_show(blob, "Pushing", upload_sent(&blob->upload), blob->size, false);
		return 0;
	}
	if (blob->upload.rc < 0) {
		*err = blob->upload.err;
		return blob->upload.rc;
	}
	blob_complete(blob);
	return 0;
}

static int blobs_push(struct push *push, struct err *err)
{
	int fds[PACK_WORKERS_MAX];
	size_t count = packer_fds(push->packer, fds);
	for (;;) {
		size_t active = 0, left = 0;
		int rc = packer_step(push->packer, err);
		for (size_t i = 0; i < push->blob_count; i++)
			active += push->blobs[i].state == BLOB_UPLOADING;
		for (size_t i = 0; rc == 0 && i < push->blob_count; i++) {
			rc = blob_step(push, &push->blobs[i], &active, err);
			left += push->blobs[i].state != BLOB_COMPLETE;
		}
		if (rc < 0 || left == 0)
			return rc;
		rc = registry_step(&push->session.registry, fds, count, 200, err);
		if (rc < 0)
			return rc;
	}
}

static int manifest_put(struct push *push, const char *tag, struct digest *out_digest, struct err *err)
{
	struct call call = {.endpoint = push->endpoint,
			    .method = "PUT",
			    .scope = push->session.scope,
			    .body = push->manifest.data,
			    .body_size = push->manifest.len,
			    .slow_answer = true};
	auto_free char *rest = x_printf("manifests/%s", tag);
	call.url = call_url(&push->session.arena, push->endpoint, push->session.reference.path, rest);
	call.fields[0] = arena_printf(&push->session.arena, "Content-Type: %s", push->manifest_type);
	int rc = call_do(&push->session.registry, &call, err);
	if (rc == 0)
		rc = call_check(&call, err);
	digest_of(push->manifest.data, push->manifest.len, out_digest);
	const char *said = http_answer_field(&call.transfer, "Docker-Content-Digest");
	if (rc == 0 && said && text_after(said, "sha256:") && !text_equal(said, out_digest->text))
		rc = err_set(err, EBADMSG, "%s keeps the manifest %s as %.80s", push->endpoint->base.host,
			     out_digest->text, said);
	call_end(&call);
	return rc;
}

/* --- one image --- */

static int result_add(struct push *push, const struct push_image *image, const struct digest *digest, struct err *err)
{
	struct image_job_result *result = &push->result;
	char name[32];
	struct digest staged;
	for (size_t i = 0; i < push->blob_count; i++) {
		const struct push_blob *blob = &push->blobs[i];
		if (!blob->config)
			*LIST_ADD(push, result->layer_blobs, 0) =
			    (struct image_job_layer_blob){.digest = keep(push, blob->digest.text),
							  .diff_id = keep(push, blob->diff_id.text),
							  .media_type = blob->media_type,
							  .size = blob->size,
							  .name = keep(push, blob->staged ? blob->pack.name : ""),
							  .repository = (char *)(uintptr_t)push->repository};
	}
	*LIST_ADD(push, result->references, 1) =
	    (struct image_job_reference){(char *)(uintptr_t)push->repository, keep(push, digest->text), image->id};
	if (!push->made)
		return 0;
	snprintf(name, sizeof name, "m%u", push->names++);
	int rc = content_stage(REGISTRY_STAGING, name, push->manifest.data, push->manifest.len, &staged, err);
	if (rc < 0)
		return rc;
	*LIST_ADD(push, result->blobs, 2) = (struct image_job_blob){keep(push, digest->text), keep(push, name)};
	*LIST_ADD(push, result->manifests, 3) =
	    (struct image_job_manifest){keep(push, digest->text), image->id, keep(push, push->manifest_type)};
	return 0;
}

static struct push_blob *config_add(struct push *push, const char *id, struct err *err)
{
	struct push_blob *blob = blob_add(push, id);
	blob->config = true;
	blob->state = BLOB_READY;
	if (digest_parse(id, &blob->digest, err) < 0 || blob_open(id, &blob->fd, &blob->size, err) < 0)
		return NULL;
	return blob;
}

static int image_prepare(struct push *push, const struct push_image *image, struct err *err)
{
	for (size_t i = 0; i < image->manifests.count; i++) {
		struct err why;
		int used = manifest_use(push, image, &image->manifests.items[i], &why);
		if (used > 0)
			return 0;
	}
	auto_buf text = BUF_INIT(MANIFEST_MAX);
	struct oci_image config = {0};
	int rc = document_read(image->id, &text, err);
	if (rc == 0)
		rc = json_load(&push->session.arena, &table_oci_image, text.data, text.len, "image configuration", 0,
			       &config, err);
	push->made = true;
	return rc < 0 ? rc : layers_prepare(push, image, config.rootfs.diff_ids, err);
}

static void blobs_done(struct push *push)
{
	for (size_t i = 0; i < push->blob_count; i++) {
		if (push->blobs[i].state == BLOB_UPLOADING)
			upload_done(&push->blobs[i].upload);
		cleanup_fd(&push->blobs[i].fd);
		push->blobs[i].fd = -1;
	}
	push->blob_count = 0;
}

static int image_push(struct push *push, const struct push_image *image, struct err *err)
{
	struct digest digest;
	struct push_blob *config = NULL;
	int rc = image_prepare(push, image, err);
	for (size_t i = push->blob_count; rc == 0 && i > 0; i--) /* top first, as Docker */
		blob_show(&push->blobs[i - 1], "Preparing", 0, 0, true);
	if (rc == 0) {
		config = config_add(push, image->id, err);
		rc = config ? blobs_push(push, err) : -err->code;
	}
	if (rc == 0 && push->made)
		rc = manifest_make(push, config, err);
	if (rc == 0)
		rc = manifest_put(push, image->tag, &digest, err);
	if (rc == 0)
		rc = result_add(push, image, &digest, err);
	if (rc == 0) {
		auto_free char *line =
		    x_printf("%s: digest: %s size: %zu", image->tag, digest.text, push->manifest.len);
		auto_free char *aux = x_printf("{\"Tag\":\"%s\",\"Digest\":\"%s\",\"Size\":%zu}", image->tag,
					       digest.text, push->manifest.len);
		report_progress(NULL, line, 0, 0);
		report_answer(aux);
	}
	blobs_done(push);
	return rc;
}

/* The first of https and http that answers at all; what it answers about our right to push is told. */
static int endpoint_choose(struct push *push, struct err *err)
{
	struct registry_session *session = &push->session;
	int rc = err_set(err, EINVAL, "no registry to push to");
	for (size_t i = 0; i < session->endpoints.count; i++) {
		const struct endpoint *endpoint = &session->endpoints.items[i];
		struct call call = {.endpoint = endpoint,
				    .method = "GET",
				    .url = call_url(&session->arena, endpoint, NULL, ""),
				    .scope = session->scope};
		rc = call_do(&session->registry, &call, err);
		bool settled = endpoint_settled(&call, rc);
		/* A registry may not know /v2/ itself, and do all the same what counts. */
		if (rc == 0 && call.transfer.status != 404)
			rc = call_check(&call, err);
		call_end(&call);
		push->endpoint = endpoint;
		if (settled || !endpoint->plain_next)
			return rc;
	}
	return rc;
}

static void retry_tell(struct call *call, int64_t seconds)
{
	char text[64];
	(void)call;
	snprintf(text, sizeof text, "Retrying in %lld second%s", (long long)seconds, seconds == 1 ? "" : "s");
	report_progress(NULL, text, 0, 0);
}

static int push_run(struct push *push, struct err *err)
{
	struct registry_session *session = &push->session;
	int rc = packer_start(REGISTRY_STAGING, REGISTRY_LAYERS, 2, &push->packer, err);
	if (rc == 0)
		rc = session_open(session, err);
	if (rc == 0)
		rc = session_confine(session, true, err);
	if (rc < 0)
		return rc;
	session->registry.retrying = retry_tell;
	push->repository = arena_printf(&session->arena, "%s/%s", session->reference.domain, session->reference.path);
	auto_free char *line = x_printf("The push refers to repository [%s]", push->repository);
	report_progress(NULL, line, 0, 0);
	rc = endpoint_choose(push, err);
	for (size_t i = 0; rc == 0 && i < session->request.images.count; i++)
		rc = image_push(push, &session->request.images.items[i], err);
	return rc;
}

int registry_job_push_main(int argc, char **argv)
{
	struct push *push = x_alloc(sizeof *push);
	struct err err;
	(void)argc;
	(void)argv;
	push->manifest = (struct buf)BUF_INIT(MANIFEST_MAX);
	int rc = push_run(push, &err);
	if (rc == 0)
		report_result(&push->result);
	int status = rc < 0 ? report_error(&err) : 0;
	packer_free(push->packer);
	buf_done(&push->manifest);
	session_close(&push->session);
	free(push);
	return status;
}
