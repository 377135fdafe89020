/* tugd job fsck: reads every layer and blob of the store and compares them with their digests. */
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "image/compress.h"
#include "image/layer.h"
#include "image/report.h"
#include "image/unpack.h"
#include "security/confine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STAGING_FD = 4, LAYERS_FD = 5, BLOBS_FD = 6, SPEC_FD = 7, SPEC_MAX = 64 << 20, REPAIRED_MAX = 4096 };

JSON_TYPE(fsck_layer, F_STR(struct fsck_layer, diff_id, "diff_id", JSON_REQUIRED),
	  F_STR(struct fsck_layer, blob, "blob", JSON_OMIT));
JSON_TYPE(fsck_spec, F_BOOL(struct fsck_spec, repair, "repair", 0),
	  F_LIST(struct fsck_spec, layers, "layers", 0, fsck_layer), F_STRV(struct fsck_spec, blobs, "blobs", 0));
JSON_TYPE(fsck_damage, F_STR(struct fsck_damage, kind, "kind", JSON_REQUIRED),
	  F_STR(struct fsck_damage, object, "object", JSON_REQUIRED), F_STR(struct fsck_damage, problem, "problem", 0));
JSON_TYPE(fsck_answer, F_LIST(struct fsck_answer, damage, "damage", 0, fsck_damage),
	  F_U64(struct fsck_answer, bytes, "bytes", 0));

struct fsck {
	struct arena arena;
	struct fsck_spec spec;
	struct fsck_answer answer;
	size_t room;
	struct map bad; /* blobs that are damaged */
	struct image_job_layer repaired[REPAIRED_MAX];
	size_t repaired_count;
};

static void damage_add(struct fsck *fsck, const char *kind, const char *object, const char *problem)
{
	struct fsck_answer *answer = &fsck->answer;
	if (answer->damage.count == fsck->room) {
		fsck->room = fsck->room ? 2 * fsck->room : 16;
		struct fsck_damage *grown = arena_array(&fsck->arena, struct fsck_damage, fsck->room);
		if (answer->damage.count > 0)
			memcpy(grown, answer->damage.items, answer->damage.count * sizeof *grown);
		answer->damage.items = grown;
	}
	answer->damage.items[answer->damage.count++] =
	    (struct fsck_damage){(char *)kind, (char *)object, arena_strdup(&fsck->arena, problem)};
}

/* --- blobs --- */

static int blob_open(const struct digest *digest, int *out_fd, struct err *err)
{
	struct stat info;
	auto_fd int fd = openat(BLOBS_FD, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? err_set(err, ENOENT, "it is missing") : err_sys(err, "open");
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return err_set(err, EBADMSG, "it is not a file");
	*out_fd = take_fd(&fd);
	return 0;
}

static int blob_check(struct fsck *fsck, const struct digest *digest, struct err *err)
{
	struct stream_fd file;
	struct stream_hash hashed;
	struct digest found;
	auto_fd int fd = -1;
	const uint8_t *data;
	size_t size;
	int rc = blob_open(digest, &fd, err);
	if (rc < 0)
		return rc;
	stream_fd_init(&file, fd);
	stream_hash_init(&hashed, &file.base);
	while ((rc = stream_next(&hashed.base, &data, &size, err)) == 0 && size > 0)
		fsck->answer.bytes += size;
	digest_final(hashed.hash, &found);
	if (rc == 0 && !text_equal(found.text, digest->text))
		rc = err_set(err, EBADMSG, "its content is %s", found.text);
	stream_done(&hashed.base);
	stream_done(&file.base);
	return rc;
}

static void blobs_check(struct fsck *fsck)
{
	for (char **blob = fsck->spec.blobs; blob && *blob; blob++) {
		struct digest digest;
		struct err err;
		int rc = digest_parse(*blob, &digest, &err);
		if (rc == 0)
			rc = blob_check(fsck, &digest, &err);
		if (rc == 0)
			continue;
		damage_add(fsck, "blob", *blob, err.msg);
		(void)map_put(&fsck->bad, *blob, fsck);
	}
}

/* --- layers --- */

static int count(void *cookie, const void *data, size_t size, struct err *err)
{
	(void)data, (void)err;
	((struct fsck *)cookie)->answer.bytes += size;
	return 0;
}

static int blob_unpack(const struct digest *blob, const char *name, struct unpack_result *out_result, struct err *err)
{
	struct stream_fd file;
	struct stream *plain;
	enum compress_kind kind;
	auto_fd int fd = -1;
	int rc = blob_open(blob, &fd, err);
	if (rc < 0)
		return rc;
	stream_fd_init(&file, fd);
	rc = compress_open(&file.base, &plain, &kind, err);
	if (rc == 0) {
		rc = unpack_staged(STAGING_FD, name, plain, NULL, out_result, err);
		stream_done(plain);
	}
	stream_done(&file.base);
	return rc;
}

/* Unpacks the layer again from the bytes that it came in. */
static void layer_repair(struct fsck *fsck, const struct fsck_layer *layer)
{
	struct digest blob;
	struct unpack_result unpacked;
	struct err err;
	char *name = arena_printf(&fsck->arena, "l%zu", fsck->repaired_count);
	if (!fsck->spec.repair || !layer->blob || map_get(&fsck->bad, layer->blob) ||
	    fsck->repaired_count == REPAIRED_MAX || digest_parse(layer->blob, &blob, &err) < 0 ||
	    blob_unpack(&blob, name, &unpacked, &err) < 0 || !text_equal(unpacked.diff_id.text, layer->diff_id))
		return;
	fsck->repaired[fsck->repaired_count++] = (struct image_job_layer){
	    .diff_id = layer->diff_id, .name = name, .size = unpacked.size, .opaque = unpacked.opaque};
}

/* "layer sha256:...: " in front says nothing new. */
static const char *problem_of(const struct err *err)
{
	const char *rest =
	    text_after(err->msg, "layer sha256:") ? strchr(err->msg + strlen("layer sha256"), ' ') : NULL;
	return rest ? rest + 1 : err->msg;
}

static void layers_check(struct fsck *fsck)
{
	for (size_t i = 0; i < fsck->spec.layers.count; i++) {
		const struct fsck_layer *layer = &fsck->spec.layers.items[i];
		struct digest diff_id;
		struct err err;
		int rc = digest_parse(layer->diff_id, &diff_id, &err);
		if (rc == 0)
			rc = layer_copy(LAYERS_FD, &diff_id, count, fsck, &err);
		if (rc == 0)
			continue;
		damage_add(fsck, "layer", layer->diff_id, problem_of(&err));
		layer_repair(fsck, layer);
	}
}

static int fsck_run(struct fsck *fsck, struct err *err)
{
	auto_buf text = BUF_INIT(SPEC_MAX), answer = BUF_INIT(7 << 20);
	int rc = file_read_fd(SPEC_FD, "the job's list", &text, err);
	if (rc == 0)
		rc = json_load(&fsck->arena, &table_fsck_spec, buf_str(&text), text.len, "the job's list", 0,
			       &fsck->spec, err);
	close(SPEC_FD);
	if (rc == 0)
		rc = confine_enter(
		    &(struct confine_spec){.dirs = {{STAGING_FD, true}, {LAYERS_FD, false}, {BLOBS_FD, false}},
					   .dir_count = 3},
		    err);
	if (rc < 0)
		return rc;
	blobs_check(fsck);
	layers_check(fsck);
	json_encode(&answer, &table_fsck_answer, &fsck->answer);
	rc = buf_check(&answer, "the list of what is damaged", err);
	if (rc < 0)
		return rc;
	report_answer(buf_str(&answer));
	struct image_job_result result = {0};
	result.layers.items = fsck->repaired;
	result.layers.count = fsck->repaired_count;
	report_result(&result);
	return 0;
}

int image_job_fsck_main(int argc, char **argv)
{
	struct fsck *fsck = x_alloc(sizeof *fsck);
	struct err err;
	(void)argc, (void)argv;
	int rc = fsck_run(fsck, &err), status = rc < 0 ? report_error(&err) : 0;
	map_done(&fsck->bad);
	arena_done(&fsck->arena);
	free(fsck);
	return status;
}
