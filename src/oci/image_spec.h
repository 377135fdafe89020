/*
 * The OCI image specification 1.1 as plain structs and field tables: descriptor, manifest, index, image configuration,
 * layout; with Docker's additions to the configuration (Docker Image Specification 1.3: Healthcheck, OnBuild, Shell,
 * MacAddress ...) and the manifest.json of `docker save`.
 *
 * These documents are addressed by digest: whoever stores one keeps its exact bytes and only decodes them with these
 * tables. Decoding checks shapes, not truth: digests and sizes are verified by whoever fetches the content
 * (storage/content), media types by image.
 */
#pragma once

#include "base/json.h"

#define OCI_MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_MEDIA_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_MEDIA_EMPTY "application/vnd.oci.empty.v1+json"
#define DOCKER_MEDIA_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_MEDIA_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MEDIA_CONFIG "application/vnd.docker.container.image.v1+json"
#define DOCKER_MEDIA_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define DOCKER_MEDIA_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* annotations.md; the names of an image in an index */
#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define OCI_ANNOTATION_CREATED "org.opencontainers.image.created"
#define DOCKER_ANNOTATION_IMAGE_NAME "io.containerd.image.name"

/* image-index.md: platform */
struct oci_platform {
	char *architecture, *os;
	char *os_version;
	char **os_features;
	char *variant;
};

/* descriptor.md */
struct oci_descriptor {
	char *media_type;
	char *digest; /* as written; digest_parse before any use */
	uint64_t size;
	char **urls; /* never followed */
	struct json_map annotations;
	char *data; /* base64; not used */
	char *artifact_type;
	struct oci_platform *platform; /* in an index */
};

/* manifest.md. Docker's schema 2 manifest has the same members. */
struct oci_manifest {
	uint32_t schema_version; /* 2 */
	char *media_type;	 /* may be absent in OCI's */
	char *artifact_type;
	struct oci_descriptor config;
	JSON_LIST(struct oci_descriptor) layers; /* base first */
	struct oci_descriptor *subject;
	struct json_map annotations;
	const struct json *manifests; /* must be absent: a document that is both is refused (CVE-2021-41190) */
};

/* image-index.md. Docker's manifest list has the same members. */
struct oci_index {
	uint32_t schema_version;
	char *media_type;
	char *artifact_type;
	JSON_LIST(struct oci_descriptor) manifests;
	struct oci_descriptor *subject;
	struct json_map annotations;
	const struct json *config, *layers; /* must be absent, as above */
};

/* image-layout.md: the file oci-layout */
struct oci_layout {
	char *version; /* "1.0.0" */
};

/* A member of an object used as a set: {"80/tcp": {}} */
struct oci_set_member {
	char *key;
};

struct oci_healthcheck {
	char **test;						 /* NONE; CMD, arg ...; CMD-SHELL, command */
	int64_t interval, timeout, start_period, start_interval; /* ns; 0: inherited */
	int64_t retries;
};

/* config.md: config, what a container of the image inherits */
struct oci_image_run {
	char *user;					/* user[:group] */
	JSON_LIST(struct oci_set_member) exposed_ports; /* "80", "80/tcp" */
	char **env;
	char **entrypoint, **cmd;
	JSON_LIST(struct oci_set_member) volumes;
	char *working_dir;
	struct json_map labels;
	char *stop_signal;
	bool args_escaped;			    /* Windows only */
	int64_t *memory, *memory_swap, *cpu_shares; /* reserved by config.md; no effect */
	struct oci_healthcheck *healthcheck;
	/* Docker's */
	char **on_build;
	char **shell;
};

/* config.md: rootfs */
struct oci_image_rootfs {
	char *type;	 /* "layers" */
	char **diff_ids; /* base first, digests of the uncompressed layers */
};

/* config.md: history */
struct oci_history {
	char *created, *author, *created_by, *comment;
	bool empty_layer;
};

/* config.md: the image configuration; its digest is the image's id */
struct oci_image {
	char *created; /* RFC 3339 */
	char *author;
	char *architecture, *os; /* Go's words: amd64, linux */
	char *os_version;
	char **os_features;
	char *variant;
	struct oci_image_run *config;
	struct oci_image_rootfs rootfs;
	JSON_LIST(struct oci_history) history;
	/* Docker's, from its builder before BuildKit */
	char *docker_version, *parent, *comment;
};

/* One entry of manifest.json, an array, in an archive of `docker save`. Names are looked up among the archive's own
 * members only. */
struct docker_save_entry {
	char *config;	  /* member name of the configuration */
	char **repo_tags; /* "busybox:latest" */
	char **layers;	  /* member names, base first */
	char *parent;
};

JSON_DECLARE(oci_platform);
JSON_DECLARE(oci_descriptor);
JSON_DECLARE(oci_manifest);
JSON_DECLARE(oci_index);
JSON_DECLARE(oci_layout);
JSON_DECLARE(oci_set_member);
JSON_DECLARE(oci_healthcheck);
JSON_DECLARE(oci_image_run);
JSON_DECLARE(oci_image_rootfs);
JSON_DECLARE(oci_history);
JSON_DECLARE(oci_image);
JSON_DECLARE(docker_save_entry);
