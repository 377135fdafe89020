#include "docker/registry.h"

extern const struct json_table table_oci_platform;

JSON_TYPE(distribution_descriptor, F_STR(struct distribution_descriptor, media_type, "mediaType", 0),
	  F_STR(struct distribution_descriptor, digest, "digest", 0),
	  F_I64(struct distribution_descriptor, size, "size", 0));

JSON_TYPE(distribution_inspect,
	  F_OBJECT(struct distribution_inspect, descriptor, "Descriptor", 0, distribution_descriptor),
	  F_LIST(struct distribution_inspect, platforms, "Platforms", 0, oci_platform));

JSON_TYPE(search_result, F_I64(struct search_result, star_count, "star_count", 0),
	  F_BOOL(struct search_result, is_official, "is_official", 0), F_STR(struct search_result, name, "name", 0),
	  F_BOOL(struct search_result, is_automated, "is_automated", 0),
	  F_STR(struct search_result, description, "description", 0));

JSON_TYPE(registry_manifest, F_STR(struct registry_manifest, reference, "Ref", 0),
	  F_OBJECT(struct registry_manifest, descriptor, "Descriptor", 0, distribution_descriptor),
	  F_POINTER(struct registry_manifest, platform, "Platform", JSON_OMIT, oci_platform),
	  F_STR(struct registry_manifest, raw, "Raw", 0),
	  F_LIST(struct registry_manifest, manifests, "Manifests", JSON_OMIT, registry_manifest));

JSON_TYPE(registry_list_put, F_STR(struct registry_list_put, raw, "Raw", JSON_REQUIRED),
	  F_STR(struct registry_list_put, media_type, "MediaType", JSON_REQUIRED),
	  F_STRV(struct registry_list_put, references, "References", 0));
