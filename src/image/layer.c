#include "image/layer.h"

#include "base/loop.h"
#include "image/pack.h"
#include "image/split.h"
#include "image/tar.h"
#include "image/tar_tree.h"
#include "image/unpack_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* --- a stream that is written to a blob as it passes --- */

struct tee {
	struct stream base;
	struct stream *source;
	struct pack *pack;
};

static int tee_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct tee *tee = (struct tee *)base;
	int rc = stream_next(tee->source, out_data, out_size, err);
	if (rc == 0 && *out_size > 0)
		rc = pack_write(tee->pack, *out_data, *out_size, err);
	return rc;
}

/* --- a layer whose files stay where they are: only its split is made --- */

struct in_place {
	struct tar tar;
	struct split_writer *split;
	struct unpack_result result;
};

static void tap(struct tar *tar, const uint8_t *data, size_t size)
{
	split_literal(container_of(tar, struct in_place, tar)->split, data, size);
}

static int entry_read(struct in_place *at, const struct tar_entry *entry, struct err *err)
{
	char parent[PATH_MAX], leaf[NAME_MAX + 1], path[PATH_MAX + NAME_MAX + 2];
	int rc = tree_split(entry->name, parent, leaf, err);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof path, "%s%s%s", parent, *parent ? "/" : "", leaf);
	at->result.entries++;
	at->result.size += entry->size;
	for (;;) {
		const uint8_t *data;
		size_t size;
		uint64_t offset;
		rc = tar_data(&at->tar, &data, &size, &offset, err);
		if (rc < 0 || size == 0)
			return rc;
		split_file(at->split, path, offset, size);
	}
}

static int split_make(int staging, const char *name, struct stream *source, struct unpack_result *out_result,
		      struct err *err)
{
	const struct tar_entry *entry;
	struct stream_hash hashed;
	if (mkdirat(staging, name, 0700) < 0)
		return err_sys(err, "make a directory for the layer");
	auto_fd int layer = openat(staging, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer < 0)
		return err_sys(err, "open the layer's directory");
	struct in_place *at = x_alloc(sizeof *at);
	int rc = split_writer_open(layer, &at->split, err);
	if (rc < 0) {
		free(at);
		return rc;
	}
	stream_hash_init(&hashed, source);
	tar_init(&at->tar, &hashed.base);
	at->tar.tap = tap;
	while ((rc = tar_next(&at->tar, &entry, err)) > 0 && (rc = entry_read(at, entry, err)) == 0)
		continue;
	if (rc == 0)
		rc = tar_drain(&at->tar, err);
	if (rc == 0)
		rc = split_writer_finish(at->split, err);
	if (rc == 0) {
		*out_result = at->result;
		digest_final(hashed.hash, &out_result->diff_id);
	}
	tar_done(&at->tar);
	stream_done(&hashed.base);
	split_writer_free(at->split);
	free(at);
	return rc;
}

/* --- making --- */

static int tar_take(const struct layer_request *request, struct stream *tar, struct unpack_result *out_result,
		    struct err *err)
{
	return request->in_place ? split_make(request->staging, request->name, tar, out_result, err)
				 : unpack_staged(request->staging, request->name, tar, NULL, out_result, err);
}

int layer_make(const struct layer_request *request, struct layer_result *out_result, struct err *err)
{
	struct layer_result result = {0};
	struct stream *tar;
	struct pack *pack = NULL;
	int rc = tar_tree_open(request->upper, ".", &(struct tar_tree_options){.overlay = true}, &tar, err);
	if (rc < 0)
		return rc;
	if (request->blob)
		rc = pack_open(request->staging, request->blob, request->compress, &pack, err);
	struct tee tee = {.base = {tee_next, NULL}, .source = tar, .pack = pack};
	if (rc == 0)
		rc = tar_take(request, pack ? &tee.base : tar, &result.layer, err);
	if (rc == 0 && pack)
		rc = pack_finish(pack, &result.blob, &result.blob_size, err);
	pack_free(pack);
	stream_done(tar);
	char mark;
	if (rc == 0 && fgetxattr(request->upper, "trusted.overlay.opaque", &mark, 1) == 1 && mark == 'y')
		result.layer.opaque = true;
	if (rc == 0)
		*out_result = result;
	return rc;
}

/* --- layers of the store --- */

int layer_tar_open(int layers, const char *name, int *out_dir, struct stream **out_stream, struct err *err)
{
	auto_fd int dir = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "open layer %s", name);
	int rc = split_open(dir, out_stream, err);
	if (rc < 0)
		return err_wrap(err, "layer %s", name);
	*out_dir = take_fd(&dir);
	return 0;
}

int layer_copy(int layers, const struct digest *diff_id,
	       int (*write)(void *cookie, const void *data, size_t size, struct err *err), void *cookie,
	       struct err *err)
{
	struct stream *tar;
	struct stream_hash hashed;
	struct digest found;
	auto_fd int dir = -1;
	int rc = layer_tar_open(layers, digest_hex(diff_id), &dir, &tar, err);
	if (rc < 0)
		return rc;
	stream_hash_init(&hashed, tar);
	for (;;) {
		const uint8_t *data;
		size_t size;
		rc = stream_next(&hashed.base, &data, &size, err);
		if (rc < 0)
			err_wrap(err, "layer %s", diff_id->text);
		if (rc < 0 || size == 0)
			break;
		rc = write(cookie, data, size, err);
		if (rc < 0)
			break;
	}
	if (rc == 0) {
		digest_final(hashed.hash, &found);
		if (strcmp(found.text, diff_id->text) != 0)
			rc = err_set(err, EBADMSG, "layer %s: damaged: its content is %s", diff_id->text, found.text);
	}
	stream_done(&hashed.base);
	stream_done(tar);
	return rc;
}

int layer_tar_size(int layers, const struct digest *diff_id, uint64_t *out_size, struct err *err)
{
	auto_fd int dir = openat(layers, digest_hex(diff_id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "open layer %s", diff_id->text);
	int rc = split_total(dir, out_size, err);
	return rc < 0 ? err_wrap(err, "layer %s", diff_id->text) : 0;
}
