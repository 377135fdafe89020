/*
 * The jobs of images: `tugd job import|load` run the functions here (src/daemon/main.c), started by src/engine/job.c.
 *
 * Descriptors: 0 the archive (a pipe, socket or file), 2 the engine's standard error, 3 the report, 4 this job's own
 * directory below staging/ (storage/data.h: data_stage), 5 the directory layers/ (layers that are there already are
 * not unpacked again). The job confines itself before it reads from 0, writes only into 4, and ends with 0 after a
 * result, 1 after an error; ended by a signal (kill -9, the filter) it made nothing that anybody sees.
 *
 * Report, one JSON object per line on 3:
 *     {"progress":{"id":"<12 hex>","status":"Loading layer","current":1,"total":2}}       any number
 *     {"error":{"code":<errno>,"message":"..."}}                                          then the end, or
 *     {"result":{"images":[...],"layers":[...],"blobs":[...]}}                            struct image_job_result
 * The engine hands the result to image_store_put with the staging directory, then removes that (data_unstage).
 */
#pragma once

#include "base/json.h"

struct image_job_image {
	char *id;      /* digest of the configuration */
	char **names;  /* full references with a tag; empty: none */
	char **layers; /* diff ids, base first */
};
struct image_job_layer {
	char *diff_id;
	char *name;    /* in the staging directory, holds "diff"; "" when the layer was there already */
	uint64_t size; /* bytes of files; 0 with "" */
	bool opaque;   /* nothing below it shows */
};
struct image_job_blob {
	char *digest;
	char *name; /* in the staging directory */
};
/* What registries know an image by (store_blobs.h): exact manifests, compressed layers, names with a digest. */
struct image_job_manifest { /* its bytes are one of blobs */
	char *digest, *image, *media_type;
};
struct image_job_layer_blob {
	char *digest, *diff_id, *media_type;
	uint64_t size;
	char *name;	  /* in the staging directory; "": in downloads/ */
	char *repository; /* "docker.io/library/alpine": is there too; "": not known */
};
struct image_job_reference {
	char *repository, *digest, *image;
};
struct image_job_result {
	JSON_LIST(struct image_job_image) images;
	JSON_LIST(struct image_job_layer) layers;
	JSON_LIST(struct image_job_blob) blobs;
	JSON_LIST(struct image_job_manifest) manifests;
	JSON_LIST(struct image_job_layer_blob) layer_blobs;
	JSON_LIST(struct image_job_reference) references;
};
struct image_job_progress {
	char *id, *status;
	uint64_t current, total; /* bytes; total 0: not known */
};
struct image_job_error {
	int64_t code;
	char *message;
};
/* One line of the report: exactly one member is there. */
struct image_job_line {
	struct image_job_progress *progress;
	struct image_job_error *error;
	struct image_job_result *result;
	const struct json *answer; /* of other kinds of jobs, in front of their output; not the last line */
};
JSON_DECLARE(image_job_result);
JSON_DECLARE(image_job_line);

/*
 * tugd job import [--change INSTRUCTION]... [--message TEXT] [--platform OS/ARCH]
 * One tar (plain, gzip, zstd) becomes an image of one layer without a name. Instructions of a Dockerfile: CMD
 * ENTRYPOINT ENV EXPOSE LABEL USER WORKDIR VOLUME STOPSIGNAL ONBUILD.
 */
int image_job_import_main(int argc, char **argv);

/* tugd job load: an archive of `docker save` or an OCI layout, plain, gzip or zstd, with any number of images. */
int image_job_load_main(int argc, char **argv);

/* Checks an instruction of --change before a job is started. -EINVAL with Docker's text. */
int image_change_check(const char *instruction, struct err *err) must_check;

/*
 * tugd job save: descriptor 1 takes the archive, 4 is layers/, 5 blobs/sha256/, 6 a struct save_spec as JSON. The
 * archive is one of `docker save` and an OCI layout at once; its manifests are made anew (of plain layers), the
 * configurations and so the images' ids are kept. No result; an error behind the first byte leaves half an archive.
 */
int image_job_save_main(int argc, char **argv);

struct save_image {
	char *id;
	char **names; /* full references that the archive is to have; empty: none */
};
struct save_spec {
	JSON_LIST(struct save_image) images;
};
JSON_DECLARE(save_image);
JSON_DECLARE(save_spec);

/*
 * tugd job archive: looks at, packs or unpacks a path in a container (the archive endpoints). Descriptors: 4 the mount
 * namespace of a running container, or the data directory; 5 a struct archive_spec as JSON. For "get" and "stat" it
 * answers with a struct path_stat (docker/archive.h), for "get" the archive follows on 1; "put" reads one from 0.
 *
 * tugd job export: the whole root file system on 1. tugd job changes: answers with a list of struct filesystem_change.
 * Both from 4 the data directory and 5 as above.
 */
int image_job_archive_main(int argc, char **argv);
int image_job_export_main(int argc, char **argv);
int image_job_changes_main(int argc, char **argv);

struct archive_mount {
	char *source, *target; /* on the host; in the container */
	bool read_only;
};
struct archive_spec {
	char *verb;	 /* "stat", "get", "put" */
	char *path;	 /* container_path_clean */
	char *container; /* as the user calls it, for messages */
	/* of put */
	bool keep_kind; /* extract.h */
	bool has_user;	/* the files get this user of the container as their owner */
	char *user;
	/* of a container that does not run (storage/overlay.h) */
	char **lower;
	char *directory;
	bool read_only;
	JSON_LIST(struct archive_mount) mounts;
	bool running; /* descriptor 4 is a mount namespace */
};
JSON_DECLARE(archive_mount);
JSON_DECLARE(archive_spec);

/*
 * tugd job layer: descriptor 4 the staging directory, 5 an overlay's upper directory, which becomes a layer (layer.h)
 * with the name "layer". The result has it, and no image.
 */
int image_job_layer_main(int argc, char **argv);

/*
 * tugd job fsck: descriptor 4 the staging directory, 5 layers/, 6 blobs/sha256/, 7 a struct fsck_spec. Answers with a
 * struct fsck_answer; the result's layers are those that were unpacked again from their blob.
 */
int image_job_fsck_main(int argc, char **argv);

struct fsck_layer {
	char *diff_id;
	char *blob; /* digest of its compressed bytes, when they are kept */
};
struct fsck_spec {
	bool repair;
	JSON_LIST(struct fsck_layer) layers;
	char **blobs;
};
struct fsck_damage {
	char *kind;   /* "layer", "blob" */
	char *object; /* digest */
	char *problem;
};
struct fsck_answer {
	JSON_LIST(struct fsck_damage) damage;
	uint64_t bytes; /* that were read */
};
JSON_DECLARE(fsck_layer);
JSON_DECLARE(fsck_spec);
JSON_DECLARE(fsck_damage);
JSON_DECLARE(fsck_answer);
