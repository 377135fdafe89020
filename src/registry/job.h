/*
 * The jobs that speak with registries: `tugd job pull`, `push`, and `registry` for all that only asks or puts small
 * documents. Started by src/engine/registry*.c; report as in image/job.h.
 *
 * Descriptors: 4 a staging directory, 5 layers/, 6 downloads/, 7 blobs/sha256/, 8 a struct registry_request as JSON
 * (credentials stand in no argument list). The process has the network and no capability; what it downloads is
 * unpacked by workers that have no network (unpacker.h). The engine takes over what was made with image_store_put.
 */
#pragma once

#include "docker/auth.h"
#include "image/job.h"
#include "registry/endpoint.h"

enum {
	REGISTRY_STAGING = 4,
	REGISTRY_LAYERS,
	REGISTRY_DOWNLOADS,
	REGISTRY_BLOBS,
	REGISTRY_REQUEST,
	REGISTRY_FDS = REGISTRY_REQUEST - REGISTRY_STAGING, /* behind the staging directory */
};

/* Of push: what the store has of one layer. */
struct push_layer {
	char *diff_id;
	char *digest, *media_type; /* of the compressed layer; "": it is made */
	uint64_t size;
	char **repositories; /* where it is known to be, on any registry */
};
struct push_manifest {
	char *digest, *media_type;
};
struct push_image {
	char *tag, *id;				   /* id: of the image */
	JSON_LIST(struct push_manifest) manifests; /* exact ones that there are, the best first */
	JSON_LIST(struct push_layer) layers;	   /* base first, maybe with several blobs for one diff id */
};
JSON_DECLARE(push_image);

/* Of put: a manifest that the list names, and where it is. */
struct registry_entry {
	char *reference; /* where it comes from: "docker.io/library/a@sha256:..." */
};

struct registry_request {
	struct registry_settings settings;
	struct auth_config auth;
	char *reference; /* full; of pull, push, and most of registry */
	char *platform;	 /* "": of this host */
	bool all;	 /* pull: all tags */
	JSON_LIST(struct push_image) images;
	/* registry: "auth", "inspect", "manifest", "tags", "catalog", "referrers", "search", "put", "delete" */
	char *verb;
	char *text;	  /* of search: filters; of put: the document in base64; of referrers: an artifact type */
	char *media_type; /* of put; of search: the term */
	JSON_LIST(struct registry_entry) entries;
	int64_t limit;
	bool insecure; /* the host is treated as if it stood in insecure-registries */
};
JSON_DECLARE(registry_request);

int registry_job_pull_main(int argc, char **argv);
int registry_job_push_main(int argc, char **argv);
int registry_job_query_main(int argc, char **argv);
