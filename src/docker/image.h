/*
 * The documents of images, and the lines of a progress stream (load, import, pull).
 */
#pragma once

#include "docker/container.h"

/* One item of GET /images/json */
struct image_summary {
	int64_t containers; /* -1: not counted */
	int64_t created;    /* seconds since 1970 */
	char *id;
	struct json_map labels;
	char *parent_id;
	char **repo_digests;
	char **repo_tags;    /* empty for a dangling image */
	int64_t shared_size; /* -1: not computed */
	int64_t size;
};
JSON_DECLARE(image_summary);

/* What of an image's configuration concerns containers (OCI image-spec config, with Docker's additions). */
struct image_run_config {
	char *user;
	JSON_LIST(struct set_member) exposed_ports;
	char **env;
	char **entrypoint;
	char **cmd;
	JSON_LIST(struct set_member) volumes;
	char *working_dir;
	struct json_map labels;
	char *stop_signal;
	bool args_escaped;
	struct health_config *healthcheck;
	char **on_build;
	char **shell;
};
JSON_DECLARE(image_run_config);

struct image_root_fs {
	char *type;    /* "layers" */
	char **layers; /* diff ids */
};
JSON_DECLARE(image_root_fs);

struct image_metadata {
	char *last_tag_time; /* RFC 3339 */
};
JSON_DECLARE(image_metadata);

/* GET /images/{name}/json */
struct image_inspect {
	char *id;
	char **repo_tags;
	char **repo_digests;
	char *parent;
	char *comment;
	char *created;
	char *docker_version;
	char *author;
	struct image_run_config *config;
	struct image_run_config *container_config; /* the same, for API 1.44 and older: NULL where it has no place */
	char *architecture;
	char *variant;
	char *os;
	char *os_version;
	int64_t size;
	struct graph_driver graph_driver;
	struct image_root_fs root_fs;
	struct image_metadata metadata;
};
JSON_DECLARE(image_inspect);

/* One item of DELETE /images/{name}: one of the two is set. */
struct image_deleted {
	char *untagged;
	char *deleted;
};
JSON_DECLARE(image_deleted);

/* POST /images/prune */
struct image_prune_answer {
	JSON_LIST(struct image_deleted) deleted;
	int64_t reclaimed;
};
JSON_DECLARE(image_prune_answer);

/* One item of GET /images/{name}/history, newest first. */
struct image_history_item {
	char *comment;
	int64_t created;
	char *created_by;
	char *id; /* "<missing>" for all but the newest */
	int64_t size;
	char **tags;
};
JSON_DECLARE(image_history_item);

struct progress_detail {
	int64_t current;
	int64_t total;
};
JSON_DECLARE(progress_detail);

struct progress_error {
	int64_t code;
	char *message;
};
JSON_DECLARE(progress_error);

/* One line of a progress stream; lines end in CR LF on the wire. */
struct progress {
	char *stream; /* printed as it is: "Loaded image: a:b\n" */
	char *status;
	struct progress_detail *detail;
	char *id;
	struct progress_error *error_detail;
	char *error; /* the message again */
	const struct json *aux;
};
JSON_DECLARE(progress);
