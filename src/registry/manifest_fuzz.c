#include "registry/manifest.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses what it comes as. What is accepted has only digests that are digests. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, OCI_MEDIA_INDEX, OCI_MEDIA_MANIFEST, DOCKER_MEDIA_LIST, "text/html"};
	auto_arena arena = {0};
	struct manifest manifest;
	struct digest digest;
	struct err err;
	if (size < 1 ||
	    manifest_parse(&arena, data + 1, size - 1, types[data[0] % array_size(types)], &manifest, &err) < 0)
		return 0;
	if (manifest.kind == MANIFEST_INDEX) {
		const struct oci_descriptor *entry;
		const struct oci_platform wanted = {
		    .os = (char *)"linux", .architecture = (char *)"arm", .variant = (char *)"v7"};
		if (manifest_choose(&manifest.index, &wanted, &entry, &err) == 0 &&
		    digest_parse(entry->digest, &digest, &err) < 0)
			BUG("%s", err.msg);
		return 0;
	}
	for (size_t i = 0; i < manifest.image.layers.count; i++)
		if (digest_parse(manifest.image.layers.items[i].digest, &digest, &err) < 0)
			BUG("%s", err.msg);
	return 0;
}
