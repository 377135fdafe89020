/*
 * Manifests and indexes of Docker schema 2 and OCI as registries give them: which of the two a document is, whether it
 * may be trusted to be that, and which entry of an index fits a platform. Pure functions over hostile bytes.
 *
 * A document counts as what its Content-Type and its mediaType say, which must agree; one that has the members of both
 * kinds is refused (I-08). Digests are checked before any use (I-09), sizes against what a layer can be.
 */
#pragma once

#include "base/hash.h"
#include "oci/image_spec.h"

enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX };
enum { MANIFEST_MAX = 4 << 20, MANIFEST_LAYERS_MAX = 512 };

struct manifest {
	enum manifest_kind kind;
	char *media_type;
	struct oci_manifest image; /* of MANIFEST_IMAGE */
	struct oci_index index;	   /* of MANIFEST_INDEX */
};

/* The value of Accept: everything that manifest_parse takes. */
#define MANIFEST_ACCEPT \
	OCI_MEDIA_INDEX ", " DOCKER_MEDIA_LIST ", " OCI_MEDIA_MANIFEST ", " DOCKER_MEDIA_MANIFEST ", application/json"

/* content_type: the header's, NULL or "" when there is none. Memory in the arena. -EBADMSG, -EOPNOTSUPP (schema 1). */
int manifest_parse(struct arena *arena, const void *text, size_t size, const char *content_type,
		   struct manifest *out_manifest, struct err *err) must_check;

/* What a layer's media type says. An unknown one is refused: it is no image of a container. */
enum layer_rule { LAYER_NORMAL, LAYER_FOREIGN, LAYER_UNKNOWN };
enum layer_rule manifest_layer_rule(const char *media_type);

/*
 * The entry of an index for a platform ("linux", "arm", "v7"; variant NULL or "": any). The first best one: arm v7
 * falls back to v6 and v5, arm64 is arm64/v8, attestations are no candidates. -ENOENT with Docker's words.
 */
int manifest_choose(const struct oci_index *index, const struct oci_platform *wanted,
		    const struct oci_descriptor **out_entry, struct err *err) must_check;
