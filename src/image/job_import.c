/* tugd job import: one tar becomes an image of one layer. */
#include "base/text.h"
#include "base/time.h"
#include "image/change.h"
#include "image/compress.h"
#include "image/report.h"
#include "image/unpack.h"
#include "security/confine.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { STAGING_FD = 4, CONFIG_MAX = 4 << 20 };

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#else
#define ARCHITECTURE "arm64"
#endif

struct import {
	struct arena arena;
	struct oci_image image;
	struct oci_image_run run;
	const char *message;
};

static int arguments_read(struct import *import, char **argv, struct err *err)
{
	import->image =
	    (struct oci_image){.architecture = (char *)ARCHITECTURE, .os = (char *)"linux", .config = &import->run};
	for (; *argv; argv += 2) {
		const char *value = argv[1];
		int rc = 0;
		if (!value)
			return err_set(err, EINVAL, "job import: %s has no value", argv[0]);
		if (text_equal(argv[0], "--change"))
			rc = change_apply(&import->arena, value, &import->run, err);
		else if (text_equal(argv[0], "--message"))
			import->message = value;
		else if (!text_equal(argv[0], "--platform"))
			rc = err_set(err, EINVAL, "job import: unknown argument %s", argv[0]);
		const char *slash = strchr(value, '/');
		if (rc == 0 && text_equal(argv[0], "--platform") && slash)
			import->image.architecture = arena_strdup(&import->arena, slash + 1);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int layer_unpack(struct unpack_result *result, struct err *err)
{
	struct stream_fd source;
	struct stream *plain;
	enum compress_kind kind;
	stream_fd_init(&source, STDIN_FILENO);
	int rc = compress_open(&source.base, &plain, &kind, err);
	if (rc == 0) {
		rc = unpack_staged(STAGING_FD, "layer", plain, &(struct unpack_limits){0}, result, err);
		stream_done(plain);
	}
	stream_done(&source.base);
	return rc;
}

static int config_make(struct import *import, const struct unpack_result *layer, struct digest *out_id, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_MAX);
	char now[TIME_TEXT];
	struct oci_history *history = arena_new(&import->arena, struct oci_history);
	time_rfc3339_short(time_wall_ns(), now);
	import->image.created = now;
	*history = (struct oci_history){.created = now,
					.comment = (char *)(import->message ? import->message : "Imported from -")};
	import->image.rootfs.type = (char *)"layers";
	import->image.rootfs.diff_ids = arena_array(&import->arena, char *, 2);
	import->image.rootfs.diff_ids[0] = arena_strdup(&import->arena, layer->diff_id.text);
	import->image.history.items = history;
	import->image.history.count = 1;
	json_encode(&text, &table_oci_image, &import->image);
	int rc = buf_check(&text, "the image's configuration", err);
	return rc < 0 ? rc : content_stage(STAGING_FD, "config", text.data, text.len, out_id, err);
}

static int import_run(struct import *import, char **argv, struct err *err)
{
	struct unpack_result unpacked = {0};
	struct digest id;
	int rc = arguments_read(import, argv, err);
	if (rc == 0)
		rc = confine_enter(&(struct confine_spec){.dirs = {{STAGING_FD, true}}, .dir_count = 1}, err);
	if (rc == 0)
		rc = layer_unpack(&unpacked, err);
	if (rc == 0)
		rc = config_make(import, &unpacked, &id, err);
	if (rc < 0)
		return rc;
	char *layers[] = {unpacked.diff_id.text, NULL}, *names[] = {NULL};
	struct image_job_image image = {id.text, names, layers};
	struct image_job_layer layer = {unpacked.diff_id.text, (char *)"layer", unpacked.size, unpacked.opaque};
	struct image_job_blob blob = {id.text, (char *)"config"};
	report_result(&(struct image_job_result){.images = {&image, 1}, .layers = {&layer, 1}, .blobs = {&blob, 1}});
	return 0;
}

int image_job_import_main(int argc, char **argv)
{
	struct import import = {0};
	struct err err;
	(void)argc;
	int rc = import_run(&import, argv + 1, &err);
	arena_done(&import.arena);
	return rc < 0 ? report_error(&err) : 0;
}
