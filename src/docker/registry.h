/*
 * Documents about registries: /distribution/{}/json, /images/search, and tug's own /registry/... that `tug manifest`
 * uses (Docker's client speaks with registries itself; ours leaves that to confined jobs).
 */
#pragma once

#include "docker/shape.h"
#include "oci/image_spec.h"

struct distribution_descriptor {
	char *media_type, *digest;
	int64_t size;
};
JSON_DECLARE(distribution_descriptor);
struct distribution_inspect {
	struct distribution_descriptor descriptor;
	JSON_LIST(struct oci_platform) platforms;
};
JSON_DECLARE(distribution_inspect);

struct search_result {
	int64_t star_count;
	bool is_official, is_automated;
	char *name, *description;
};
JSON_DECLARE(search_result);

/* One manifest as a registry has it. */
struct registry_manifest {
	char *reference; /* "docker.io/library/a@sha256:..." */
	struct distribution_descriptor descriptor;
	struct oci_platform *platform;		       /* of an image, by its configuration or the list */
	char *raw;				       /* the exact bytes, base64 */
	JSON_LIST(struct registry_manifest) manifests; /* of a list, with raw and platform */
};
JSON_DECLARE(registry_manifest);

/* A list that is put under a name; the manifests it names are brought to the same repository first. */
struct registry_list_put {
	char *raw; /* the exact bytes of the list, base64 */
	char *media_type;
	char **references; /* where its manifests are: "host/path@sha256:..." */
};
JSON_DECLARE(registry_list_put);
