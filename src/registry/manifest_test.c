#include "registry/manifest.h"

#include "unit/test.h"

#define D "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define IMAGE(type, more)                                                                                              \
	"{\"schemaVersion\":2," type "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","         \
	"\"digest\":\"" D "\",\"size\":7},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\"," \
	"\"digest\":\"" D "\",\"size\":9}]" more "}"
#define ENTRY(digest, platform) \
	"{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"" digest "\",\"size\":5,\"platform\":{" platform "}}"

static int parse(struct arena *arena, const char *text, const char *type, struct manifest *manifest, struct err *err)
{
	return manifest_parse(arena, text, strlen(text), type, manifest, err);
}

TEST(manifest_of_an_image)
{
	struct err err;
	auto_arena arena = {0};
	struct manifest manifest;
	CHECK_OK(
	    parse(&arena, IMAGE("\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",", ""), OCI_MEDIA_MANIFEST, &manifest, &err));
	CHECK_INT(manifest.kind, MANIFEST_IMAGE);
	CHECK_INT(manifest.image.layers.count, 1);
	CHECK_OK(parse(&arena, IMAGE("", ""), "application/json; charset=utf-8", &manifest, &err));
	CHECK_STR(manifest.media_type, OCI_MEDIA_MANIFEST);
	CHECK_OK(parse(&arena, IMAGE("", ""), DOCKER_MEDIA_MANIFEST, &manifest, &err));
	CHECK_STR(manifest.media_type, DOCKER_MEDIA_MANIFEST);
}

TEST(manifest_refuses_confusion)
{
	static const struct {
		const char *text, *type, *words;
	} rows[] = {
	    {IMAGE("", ",\"manifests\":[]"), OCI_MEDIA_MANIFEST, "at once"},
	    {IMAGE("", ",\"manifests\":[]"), NULL, "at once"},
	    {IMAGE("\"mediaType\":\"" OCI_MEDIA_INDEX "\",", ""), OCI_MEDIA_MANIFEST, "but it came as"},
	    {IMAGE("\"mediaType\":\"" OCI_MEDIA_INDEX "\",", ""), NULL, "manifests: missing"},
	    {IMAGE("", ",\"config\":{}"), OCI_MEDIA_MANIFEST, "stands twice"},
	    {"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, "schema 1"},
	    {"[]", NULL, "not an object"},
	    {"{}", "text/html", "unsupported manifest media type"},
	    {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a\",\"digest\":\"sha256:../../etc/passwd\",\"size\":1},"
	     "\"layers\":[]}",
	     NULL, "is not a digest"},
	    {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a\",\"digest\":\"" D
	     "\",\"size\":99999999},\"layers\":[]}",
	     NULL, "more than the largest"},
	    {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a\",\"digest\":\"" D "\",\"size\":-1},\"layers\":[]}",
	     NULL, "size"},
	    {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a\",\"digest\":\"" D "\",\"size\":1e999},\"layers\":[]}",
	     NULL, "size"},
	    {IMAGE("", "") "x", OCI_MEDIA_MANIFEST, "invalid manifest"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct err err;
		auto_arena arena = {0};
		struct manifest manifest;
		CHECK(parse(&arena, rows[i].text, rows[i].type, &manifest, &err) < 0);
		CHECK_CONTAINS(err.msg, rows[i].words);
	}
}

static const char *choose(const char *os, const char *architecture, const char *variant)
{
	static struct arena arena;
	static const char text[] =
	    "{\"schemaVersion\":2,\"manifests\":["
	    "{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"" D "\",\"size\":1,\"platform\":{\"architecture\":"
	    "\"amd64\",\"os\":\"linux\"},\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}}"
	    "," ENTRY(D, "\"architecture\":\"unknown\",\"os\":\"unknown\"") "," ENTRY(
		D, "\"architecture\":\"amd64\","
		   "\"os\":\"linux\",\"variant\":"
		   "\"v3\"") "," ENTRY(D, "\"arch"
					  "itectu"
					  "re\":"
					  "\"amd6"
					  "4\","
					  "\"os\""
					  ":\"lin"
					  "ux\"") "," ENTRY(D, "\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":"
							       "\"v5\"") "," ENTRY(D, "\"architecture\":"
										      "\"arm\",\"os\":"
										      "\"linux\",\"variant\":"
										      "\"v6\"") "," ENTRY(D, "\""
													     "ar"
													     "ch"
													     "it"
													     "ec"
													     "tu"
													     "re"
													     "\""
													     ":"
													     "\""
													     "ar"
													     "m6"
													     "4"
													     "\""
													     ","
													     "\""
													     "os"
													     "\""
													     ":"
													     "\""
													     "li"
													     "nu"
													     "x"
													     "\""
													     ","
													     "\""
													     "va"
													     "ri"
													     "an"
													     "t"
													     "\""
													     ":"
													     "\""
													     "v8"
													     "\"") "]}";
	struct err err;
	struct manifest manifest;
	const struct oci_descriptor *entry;
	const struct oci_platform wanted = {
	    .os = (char *)os, .architecture = (char *)architecture, .variant = (char *)variant};
	CHECK_OK(manifest_parse(&arena, text, strlen(text), OCI_MEDIA_INDEX, &manifest, &err));
	if (manifest_choose(&manifest.index, &wanted, &entry, &err) < 0)
		return arena_strdup(&arena, err.msg);
	return arena_printf(&arena, "%zd", entry - manifest.index.manifests.items);
}

TEST(manifest_choose_by_platform)
{
	CHECK_STR(choose("linux", "amd64", NULL), "3");
	CHECK_STR(choose("linux", "amd64", "v3"), "2");
	CHECK_STR(choose("linux", "amd64", "v2"), "3");
	CHECK_STR(choose("linux", "arm", "v7"), "5");
	CHECK_STR(choose("linux", "arm", "v5"), "4");
	CHECK_STR(choose("linux", "arm64", NULL), "6");
	CHECK_STR(choose("linux", "arm64", "v8"), "6");
	CHECK_STR(choose("linux", "s390x", NULL), "no matching manifest for linux/s390x in the manifest list entries");
	CHECK_STR(choose("windows", "amd64", NULL),
		  "no matching manifest for windows/amd64 in the manifest list entries");
}

TEST(manifest_rules_for_layers)
{
	CHECK_INT(manifest_layer_rule(OCI_MEDIA_LAYER_ZSTD), LAYER_NORMAL);
	CHECK_INT(manifest_layer_rule(DOCKER_MEDIA_LAYER_GZIP), LAYER_NORMAL);
	CHECK_INT(manifest_layer_rule("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), LAYER_FOREIGN);
	CHECK_INT(manifest_layer_rule("application/vnd.oci.image.layer.nondistributable.v1.tar"), LAYER_FOREIGN);
	CHECK_INT(manifest_layer_rule("application/vnd.in-toto+json"), LAYER_UNKNOWN);
}
